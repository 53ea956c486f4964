/// Tensors computed part by part: [Floats] is a part in f32, [PartWorkers] computes the parts on all cores and takes
/// them in order.
package llams.model.merge.parts;

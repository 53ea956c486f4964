/// Tensors computed part by part.
///
/// | file | what it does |
/// |---|---|
/// | [Floats] | a part in f32: widened, changed, rounded back once |
/// | [PartWorkers] | computes parts on all cores and takes their results in order |
package llams.model.merge.parts;

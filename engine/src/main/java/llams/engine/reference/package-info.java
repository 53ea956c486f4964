/// The device that every other is tested against: each op in the plainest loops, on one thread, with no kernel of another
/// device. The place to read what an op computes.
///
/// * `ReferenceDevice`: the switch over all ops
/// * `ReferenceAttention`: attention and its gradient
/// * `ReferenceKernels`: everything else
package llams.engine.reference;

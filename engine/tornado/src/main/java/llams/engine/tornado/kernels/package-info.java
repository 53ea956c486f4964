/// The kernels: Java methods that TornadoVM compiles for the device.
///
/// | file | what it holds |
/// |---|---|
/// | [Kernel] | every kernel, its work-groups and its task |
/// | [PointwiseKernels] | one thread per element: sums, SwiGLU, dropout, AdamW |
/// | [NormKernels] | RMS norms, squared norms and sums |
/// | [RowKernels] | rotary positions, embeddings, cache rows |
/// | [ProductKernels] | the portable matrix products |
/// | [RoundingKernels] | rounding to BF16, and products by BF16 weights |
/// | [SoftmaxKernels] | the softmax of attention and of the loss |
/// | [DecodeAttentionKernels] | attention of few tokens |
/// | [KernelFunctions] | reductions over a work-group, and widening |
/// | [Widening] | how kernels read 16-bit floats |
package llams.engine.tornado.kernels;

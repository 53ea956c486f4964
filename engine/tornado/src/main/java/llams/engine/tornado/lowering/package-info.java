/// Turns a program's ops into launches.
///
/// | file | what it holds |
/// |---|---|
/// | [Lowering] | the switch over all ops, and the simple ones |
/// | [AttentionLowering] | attention and its gradient: products and a softmax, or kernels for few tokens |
/// | [LossLowering] | the loss: products and a softmax, some tokens at a time |
/// | [ProductLowering] | matrix products: operands prepared, kernel or cuBLAS |
/// | [RmsNormLowering] | RMS norms and their gradients |
/// | [RopeLowering] | rotary positions, with the cache's new rows |
/// | [SquaredNormLowering] | squared norms, many as one |
/// | [UpdateLowering] | updates of many parameters as few launches |
/// | [ProductMode] | what computes products: kernels, cuBLAS in F32 or in BF16 |
/// | [DeviceLayout] | where a program's values lie on the device |
/// | [ScratchRegion] | scratch memory of one op after the other |
/// | [ConstantTable] | floats that kernels refer to by index |
/// | [VisibleRows] | how many rows of a cache a run needs |
package llams.engine.tornado.lowering;

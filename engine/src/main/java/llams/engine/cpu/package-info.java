/// The CPU device: kernels on Java's Vector API, on several threads. `CpuDevice` maps each op to a kernel; read
/// `ElementwiseKernel` first, then `Gemm` and `GemmTile`, where the time goes.
///
/// | file | what it does |
/// |---|---|
/// | `CpuDevice` | the switch from op to kernel |
/// | `Parallel`, `ThreadBuffers` | the threads, and the working memory of each |
/// | `Simd` | vector width and shared vector functions |
/// | `WarmUp` | gets kernels compiled before a training's first step |
/// | `Guard` | checks that only a run can make |
/// | `Gemm` | matrix products: which way each one is computed |
/// | `GemmPlan`, `GemmPass`, `GemmTasks` | what is packed together, and how it is shared out |
/// | `GemmPacking`, `GemmTile`, `Transpose` | packing, and the inner loop on registers |
/// | `GemvKernel`, `GemvStreams`, `GemvBlocks` | products with few vectors, at the speed of memory |
/// | `AttentionKernel`, `AttentionGradientKernel` | attention in blocks, and its gradient |
/// | `AttentionBlocks`, `AttentionDecodeKernel` | the blocks; attention of one token |
/// | `CrossEntropyKernel` | the output head and the loss, without storing logits |
/// | `NormKernel`, `RopeKernel`, `SwiGluKernel` | RMSNorm, rotary positions, SwiGLU |
/// | `EmbeddingKernel`, `ElementwiseKernel` | rows by id; sums, dropout, cache rows |
/// | `AdamWKernel` | the optimizer's step |
/// | `CompactAdamWKernel`, `EightBitMoments`, `NearestCode`, `StochasticRounding` | the same in fewer bytes |
/// | `Widen`, `WidenBlocks`, `Float16Table` | weights as f32 |
/// | `Quantizer`, `Nf4Encoding`, `ContentHash` | Q8_0 and NF4 from wider weights; a hash of weights |
///
/// Results are the same bits for every number of threads, every vector width, and every processor: how sums are divided
/// follows from shapes alone, sums across lanes are made in 16 lanes everywhere ([Simd]), a scalar tail does what the
/// vectors do, and what Java leaves to the processor (`Math.exp`, `Math.log` and the like) is not used.
package llams.engine.cpu;

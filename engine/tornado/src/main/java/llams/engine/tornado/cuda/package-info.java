/// Runs launches through the CUDA driver, in one stream or as CUDA graphs.
///
/// | file | what it holds |
/// |---|---|
/// | [CudaLauncher] | the door's implementation |
/// | [CudaProgram] | prepared launches, captured as a CUDA graph |
/// | [CudaKernel] | a compiled kernel's handle and arguments |
/// | [CudaDriver] | functions of the driver API |
/// | [CuBlas] | functions of cuBLAS |
package llams.engine.tornado.cuda;

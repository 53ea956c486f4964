/// Runs launches as task graphs of TornadoVM, and compiles kernels with it.
///
/// | file | what it holds |
/// |---|---|
/// | [GraphLauncher] | the door's implementation |
/// | [GraphCutter] | finds the layers in a program's launches |
/// | [LaunchGraph] | a span of launches as one graph |
/// | [TornadoGraph] | one of TornadoVM's task graphs, with its errors |
/// | [TornadoInternals] | access to TornadoVM's private fields |
/// | [OpenClCommands] | finds commands that an OpenCL driver refused |
/// | [WindowedMemory] | allocates blocks, and copies through small windows |
/// | [WindowKernels] | the kernels of those copies |
/// | [HostedBlock] | a block with TornadoVM's array |
/// | [ParameterStarts] | a number on the device per task |
/// | [CuBlasProvider] | matrix products as tasks of a graph |
/// | [KernelCompiler] | compiles kernels for the CUDA driver |
package llams.engine.tornado.graphs;

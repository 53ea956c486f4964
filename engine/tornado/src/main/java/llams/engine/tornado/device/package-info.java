/// The service `gpu`: sessions and programs on the device. The one place that chooses what runs launches is
/// [GpuSession#launcher].
///
/// | file | what it holds |
/// |---|---|
/// | [GpuDevice] | whether the device can be used, and what it is called |
/// | [GpuSession] | memory and programs of a session |
/// | [ResidentUpload] | copies weights and state to the device |
/// | [GpuExecutable] | a program: its inputs, runs and outputs |
package llams.engine.tornado.device;

/// What runs programs: a device opens a session, a session compiles programs, which then run again and again.
/// Read `Device` first.
///
/// | file | what it does |
/// |---|---|
/// | `Device`, `Devices` | a processor or a card; finds them by name |
/// | `Options`, `ConfiguredDevice` | the number of threads, and a device that keeps its own |
/// | `Session`, `Executable` | weights, state and temporary memory; one program in it |
/// | `HostSession` | the session of devices that compute in host memory |
/// | `VectorModule` | whether Java was started with its vectors |
package llams.engine.device;

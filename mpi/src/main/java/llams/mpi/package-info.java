/// MPI by way of `java.lang.foreign`. Only names of the standard are called, and messages are bytes: so one class does for
/// all libraries, whose handles differ.
///
/// | file | what it does |
/// |---|---|
/// | `MpiLauncher` | notices that this process was launched, and connects it |
/// | `MpiLibrary` | finds the library, and the functions in it |
/// | `Functions` | functions of C |
/// | `MpiHandles` | what stands for "all processes", "bytes" and the like in each of them |
/// | `MpiMessages` | messages between workers |
/// | `SignalHandler` | whether the JVM still has the signal by which it notices null pointers |
package llams.mpi;

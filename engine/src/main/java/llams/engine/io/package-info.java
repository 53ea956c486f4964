/// Files: writing them whole, and reading small JSON. Read `AtomicFiles` first.
///
/// | file | what it does |
/// |---|---|
/// | `AtomicFiles` | writes a file completely or not at all |
/// | `NewFiles` | the same of files that are written in parts, several of them together |
/// | `Disk`, `SystemDisk` | what writing asks of the file system, so that tests can fail it |
/// | `MappedFile` | a file of weights, mapped or copied, watched for changes |
/// | `NoRoomException` | the disk or the quota is full |
/// | `Json` | small JSON files as trees, bounded in size, with the place of an error |
package llams.engine.io;

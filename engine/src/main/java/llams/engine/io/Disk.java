package llams.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;

/// What writing files asks of the file system: saves and results are made of these operations alone. Tests bind another
/// disk, which records them to cut the power between any two, or fails.
///
/// No operation follows a link in the place of its file.
public interface Disk {
    /// The disk that this thread writes to, if it is not the file system.
    ScopedValue<Disk> BOUND = ScopedValue.newInstance();

    /// A file that is being written.
    interface Output extends AutoCloseable {
        /// Writes all of `bytes` at `position`.
        void write(ByteBuffer bytes, long position) throws IOException;

        /// Cuts the file to `bytes`.
        void truncate(long bytes) throws IOException;

        /// Returns when the content would survive a power cut; the name may not.
        void force() throws IOException;

        @Override
        void close() throws IOException;
    }

    static Disk current() {
        return BOUND.orElse(SystemDisk.INSTANCE);
    }

    /// Makes a new file.
    Output create(Path file) throws IOException;

    /// Opens an existing file.
    Output open(Path file) throws IOException;

    /// Makes a new directory.
    void createDirectory(Path directory) throws IOException;

    /// Renames a file or directory, in one step, over what has that name: a file, or an empty directory.
    void move(Path from, Path to) throws IOException;

    /// Deletes a file, a link or an empty directory, if it is there.
    void delete(Path path) throws IOException;

    /// Returns when the names in a directory would survive a power cut.
    void forceDirectory(Path directory) throws IOException;
}

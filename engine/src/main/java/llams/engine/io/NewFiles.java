package llams.engine.io;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/// Files of one directory that are written under temporary names: [#publish] gives all of them their own, and closing
/// without it leaves nothing behind.
public final class NewFiles implements AutoCloseable {
    private static final int CHUNK_BYTES = 8 << 20;

    /// A file that is being written.
    public record NewFile(Path path, Path temporary, Disk.Output output) {
        /// Writes all of `bytes` at `position`.
        public void write(ByteBuffer bytes, long position) throws IOException {
            try {
                output.write(bytes, position);
            } catch (IOException e) {
                throw AtomicFiles.cannotWrite(path, e);
            }
        }

        /// The same of memory of any size.
        public void write(MemorySegment bytes, long position) throws IOException {
            for (long done = 0; done < bytes.byteSize(); done += CHUNK_BYTES) {
                long chunk = Math.min(CHUNK_BYTES, bytes.byteSize() - done);
                write(bytes.asSlice(done, chunk).asByteBuffer(), position + done);
            }
        }
    }

    private final Path directory;
    private final List<NewFile> files = new ArrayList<>();
    private boolean published;

    /// @param directory exists
    public NewFiles(Path directory) {
        this.directory = directory;
    }

    /// Starts a file of the directory.
    public NewFile create(Path path) throws IOException {
        Path temporary = AtomicFiles.temporaryFor(path);
        try {
            NewFile file = new NewFile(path, temporary, Disk.current().create(temporary));
            files.add(file);
            return file;
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(path, e);
        }
    }

    /// Refuses to write more than the disk has room for.
    ///
    /// @param neededBytes of all files together
    public void checkRoom(long neededBytes) throws IOException {
        long usable = Files.getFileStore(directory).getUsableSpace();
        if (neededBytes > usable) {
            throw new NoRoomException(directory + ": the files need " + neededBytes + " bytes, but the disk has "
                    + usable + " left; free some or choose another directory", null);
        }
    }

    /// Forces all content to the disk, then gives the files their names.
    public void publish() throws IOException {
        for (NewFile file : files) {
            try {
                file.output.force();
                file.output.close();
            } catch (IOException e) {
                throw AtomicFiles.cannotWrite(file.path, e);
            }
        }
        for (NewFile file : files) {
            try {
                AtomicFiles.replace(file.temporary, file.path);
            } catch (IOException e) {
                throw AtomicFiles.cannotWrite(file.path, e);
            }
        }
        published = true;
        AtomicFiles.forceDirectory(directory);
    }

    /// Without [#publish] before it, removes what was written.
    @Override
    public void close() throws IOException {
        if (!published) {
            IOException failure = new IOException(directory + ": temporary files could not be removed");
            abandon(failure);
            if (failure.getSuppressed().length > 0) {
                throw failure;
            }
        }
    }

    /// Removes what was written because of a failure, which hears of what cannot be removed.
    public void abandon(Throwable reason) {
        for (NewFile file : files) {
            try {
                file.output.close();
            } catch (IOException e) {
                reason.addSuppressed(e);
            }
            AtomicFiles.deleteQuietly(file.temporary, reason);
        }
    }
}

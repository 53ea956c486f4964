package llams.model.files;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import llams.engine.io.AtomicFiles;

/// Reserves a directory for one run at a time, by a lock on its file `in-use.lock`, which holds the process id. The
/// system releases the lock when the process ends, however it ends; the file alone, left by a killed program, locks
/// nothing.
public final class DirectoryLock implements AutoCloseable {
    /// The file's name.
    public static final String FILE = "in-use.lock";
    /// The locked byte, in a place that nobody reads: some systems refuse to read what is locked.
    private static final long LOCKED_BYTE = Long.MAX_VALUE - 1;
    /// What this process has locked: opening and closing such a file again would release its lock.
    private static final Set<Path> HELD = ConcurrentHashMap.newKeySet();

    private final Path directory;
    private final FileChannel channel;

    private DirectoryLock(Path directory, FileChannel channel) {
        this.directory = directory;
        this.channel = channel;
    }

    /// Locks an existing directory.
    ///
    /// @throws IOException if another run has it (with its process id), or no lock can be made there
    public static DirectoryLock take(Path directory) throws IOException {
        Path real = directory.toRealPath();
        if (!HELD.add(real)) {
            throw inUse(directory, "this process");
        }
        try {
            FileChannel channel = lock(directory, real.resolve(FILE));
            channel.truncate(0);
            channel.write(
                    ByteBuffer.wrap(Long.toString(ProcessHandle.current().pid()).getBytes(StandardCharsets.US_ASCII)));
            return new DirectoryLock(real, channel);
        } catch (IOException e) {
            HELD.remove(real);
            throw e;
        }
    }

    /// Checks whether [#take] would succeed, and removes a file left by a killed program.
    ///
    /// @throws IOException if another run has the directory
    public static void check(Path directory) throws IOException {
        if (Files.exists(directory.resolve(FILE), LinkOption.NOFOLLOW_LINKS)) {
            take(directory).close();
        }
    }

    private static FileChannel lock(Path directory, Path file) throws IOException {
        while (true) {
            if (Files.isSymbolicLink(file)) {
                throw new IOException(file + ": is a link, which this program does not write through; remove it");
            }
            FileChannel channel;
            try {
                channel = FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE,
                        LinkOption.NOFOLLOW_LINKS);
            } catch (IOException e) {
                throw AtomicFiles.cannotWrite(directory, e);
            }
            boolean locked = channel.tryLock(LOCKED_BYTE, 1, false) != null;
            // Its last owner may have removed the file between the two steps above; then others would not see this
            // lock.
            if (locked && Files.exists(file)) {
                return channel;
            }
            channel.close();
            // If the file is gone, so is its owner.
            if (!locked && Files.exists(file)) {
                String pid = Files.readString(file, StandardCharsets.US_ASCII);
                throw inUse(directory, pid.isBlank() ? "another process" : "pid " + pid);
            }
        }
    }

    private static IOException inUse(Path directory, String owner) {
        return new IOException(directory + ": in use by " + owner + ", which is writing to it; wait until it ends,"
                + " or choose another directory");
    }

    @Override
    public void close() throws IOException {
        Files.deleteIfExists(directory.resolve(FILE));
        channel.close();
        HELD.remove(directory);
    }
}

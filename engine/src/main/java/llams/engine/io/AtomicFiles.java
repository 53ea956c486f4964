package llams.engine.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/// Files that exist whole or not at all, even after a power cut: written under a temporary name in the same directory,
/// forced to the disk, renamed, and the directory forced too.
public final class AtomicFiles {
    private static final String TEMPORARY = ".tmp-";

    private AtomicFiles() {}

    /// Writes or replaces a file.
    public static void write(Path file, byte[] content) throws IOException {
        try (NewFiles files = new NewFiles(file.toAbsolutePath().getParent())) {
            files.create(file).write(ByteBuffer.wrap(content), 0);
            files.publish();
        }
    }

    /// A name beside `file` that no other process or thread uses.
    public static Path temporaryFor(Path file) {
        return file.resolveSibling(file.getFileName() + TEMPORARY + ProcessHandle.current().pid() + "-"
                + Long.toUnsignedString(System.nanoTime(), 36));
    }

    /// Whether a name is one of [#temporaryFor]: the leftover of a killed program, unless one is at work there.
    public static boolean isTemporary(Path file) {
        return file.getFileName().toString().matches(".*" + TEMPORARY + "\\d+-[0-9a-z]+");
    }

    /// Renames `temporary` to `file`, in one step.
    public static void replace(Path temporary, Path file) throws IOException {
        Disk.current().move(temporary, file);
    }

    /// Makes a directory and whichever of its parents are missing; their names survive a power cut.
    public static void createDirectories(Path directory) throws IOException {
        if (Files.isDirectory(directory)) {
            return;
        }
        Path parent = directory.toAbsolutePath().normalize().getParent();
        createDirectories(parent);
        try {
            Disk.current().createDirectory(directory);
        } catch (FileAlreadyExistsException e) {
            if (!Files.isDirectory(directory)) {
                throw e;
            }
        }
        forceDirectory(parent);
    }

    /// Makes the names in a directory survive a power cut.
    public static void forceDirectory(Path directory) throws IOException {
        try {
            Disk.current().forceDirectory(directory);
        } catch (IOException e) {
            throw cannotWrite(directory, e);
        }
    }

    /// The failure described, with the file that the caller asked for: the system's own message is often just the name
    /// of a temporary file.
    public static IOException cannotWrite(Path file, IOException failure) {
        String reason = switch (failure) {
            case AccessDeniedException _ -> "permission denied";
            case NoSuchFileException _ -> "its directory does not exist";
            case FileSystemException e when e.getReason() != null -> e.getReason();
            default -> failure.getMessage();
        };
        String message = file + ": cannot be written: " + reason;
        return NoRoomException.is(file, failure)
                ? new NoRoomException(message, failure)
                : new IOException(message, failure);
    }

    public static void deleteQuietly(Path file, Throwable reason) {
        try {
            Disk.current().delete(file);
        } catch (IOException e) {
            reason.addSuppressed(e);
        }
    }
}

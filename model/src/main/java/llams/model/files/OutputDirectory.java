package llams.model.files;

import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;

/// A directory of results that appears complete or not at all: it is filled under a temporary name beside its own
/// (`OUT.tmp-...`) and renamed once everything is on the disk. Closing it before [#commit], or ending the program by a
/// signal, removes what was written.
public final class OutputDirectory implements AutoCloseable {
    private final Path target;
    private final Path temporary;
    private final Thread removal;
    private boolean done;

    private OutputDirectory(Path target, Path temporary) {
        this.target = target;
        this.temporary = temporary;
        this.removal = new Thread(this::removeQuietly, "remove " + temporary.getFileName());
    }

    /// Starts a directory that will become `target`; its parents are created.
    ///
    /// @throws IOException if it cannot be, and why: see [#check]
    public static OutputDirectory create(Path target) throws IOException {
        check(target);
        Path place = Files.exists(target) ? target.toRealPath() : target.toAbsolutePath().normalize();
        Path temporary = AtomicFiles.temporaryFor(place);
        try {
            AtomicFiles.createDirectories(place.getParent());
            Disk.current().createDirectory(temporary);
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(target, e);
        }
        OutputDirectory output = new OutputDirectory(place, temporary);
        Runtime.getRuntime().addShutdownHook(output.removal);
        return output;
    }

    /// Checks, before long work, whether results can be put at `target`: it must be new or an empty directory, in a
    /// writable place. Leaves nothing behind.
    ///
    /// @throws IOException if not, with the reason
    public static void check(Path target) throws IOException {
        if (Files.exists(target) && !Files.isDirectory(target)) {
            throw new IOException(target + ": is a file, and the results need a directory; choose another");
        }
        if (Files.isDirectory(target)) {
            try (Stream<Path> children = Files.list(target)) {
                if (children.findAny().isPresent()) {
                    throw new IOException(
                            target + ": is there already and not empty; choose another directory or remove it");
                }
            } catch (AccessDeniedException e) {
                throw AtomicFiles.cannotWrite(target, e);
            }
        }
        Path existing = target.toAbsolutePath().normalize().getParent();
        if (existing == null) {
            throw new IOException(target + ": results cannot be put at the root; choose another directory");
        }
        while (!Files.exists(existing)) {
            existing = existing.getParent();
        }
        try {
            Files.delete(Files.createDirectory(AtomicFiles.temporaryFor(existing.resolve(".llams-check"))));
        } catch (IOException e) {
            throw AtomicFiles.cannotWrite(target, e);
        }
    }

    /// Where to write the files.
    public Path path() {
        return temporary;
    }

    /// Forces all files to the disk and gives the directory its final name.
    ///
    /// @throws IOException if that fails. If the name was taken in the meantime, the results stay where they are, and
    ///                     the message says where
    public void commit() throws IOException {
        force();
        try {
            Disk.current().delete(target);
            Disk.current().move(temporary, target);
        } catch (IOException e) {
            release();
            throw new IOException(target + ": could not be given its name (" + e.getMessage() + "); the complete"
                    + " results are in " + temporary, e);
        }
        release();
        AtomicFiles.forceDirectory(target.getParent());
    }

    private void force() throws IOException {
        Files.walkFileTree(temporary, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                try (Disk.Output output = Disk.current().open(file)) {
                    output.force();
                } catch (IOException e) {
                    throw AtomicFiles.cannotWrite(file, e);
                }
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                AtomicFiles.forceDirectory(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }

    @Override
    public void close() throws IOException {
        if (!done) {
            release();
            remove();
        }
    }

    private void release() {
        done = true;
        try {
            Runtime.getRuntime().removeShutdownHook(removal);
        } catch (IllegalStateException _) {
            // The program is ending already, and the hook with it.
        }
    }

    private void removeQuietly() {
        try {
            remove();
        } catch (IOException e) {
            System.err.println(temporary + ": could not be removed: " + e.getMessage());
        }
    }

    private void remove() throws IOException {
        delete(temporary);
    }

    /// Deletes a directory and everything in it.
    public static void delete(Path directory) throws IOException {
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
                Disk.current().delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
                if (failure instanceof NoSuchFileException) {
                    return FileVisitResult.CONTINUE;
                }
                throw failure;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure) throws IOException {
                Disk.current().delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}

package llams.model;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import llams.engine.io.Disk;

/// Passes everything on to the file system; what a test wants otherwise it overrides.
public class PassingDisk implements Disk {
    private final Disk disk = Disk.current();

    /// Something that is done with files.
    @FunctionalInterface
    public interface Work {
        void run() throws IOException;
    }

    /// Does something with this disk in the file system's place.
    public final void during(Work work) throws IOException {
        ScopedValue.where(Disk.BOUND, this).call(() -> {
            work.run();
            return null;
        });
    }

    /// Hears of each write before it is made.
    protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {}

    protected void truncating(Path file, long bytes) throws IOException {}

    protected void forcing(Path file) throws IOException {}

    private final class PassingOutput implements Output {
        private final Path file;
        private final Output output;

        PassingOutput(Path file, Output output) {
            this.file = file;
            this.output = output;
        }

        @Override
        public void write(ByteBuffer bytes, long position) throws IOException {
            writing(file, bytes.duplicate(), position);
            output.write(bytes, position);
        }

        @Override
        public void truncate(long bytes) throws IOException {
            truncating(file, bytes);
            output.truncate(bytes);
        }

        @Override
        public void force() throws IOException {
            forcing(file);
            output.force();
        }

        @Override
        public void close() throws IOException {
            output.close();
        }
    }

    @Override
    public Output create(Path file) throws IOException {
        return new PassingOutput(file, disk.create(file));
    }

    @Override
    public Output open(Path file) throws IOException {
        return new PassingOutput(file, disk.open(file));
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        disk.createDirectory(directory);
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        disk.move(from, to);
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        disk.forceDirectory(directory);
    }
}

package llams.trainer.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import llams.engine.io.Disk;
import llams.model.files.Sha256;

/// A disk that takes the SHA-256 of new files from the bytes as they are written, so that none is read again for it.
final class HashingDisk implements Disk {
    private final Disk disk;
    private final Map<Path, HashedOutput> outputs = new HashMap<>();

    HashingDisk(Disk disk) {
        this.disk = disk;
    }

    private static final class HashedOutput implements Output {
        private final Output output;
        private final MessageDigest digest = Sha256.sha256();
        private long hashed;
        /// Whether all bytes came in their order.
        private boolean inOrder = true;

        HashedOutput(Output output) {
            this.output = output;
        }

        @Override
        public void write(ByteBuffer bytes, long position) throws IOException {
            inOrder &= position == hashed;
            if (inOrder) {
                hashed += bytes.remaining();
                digest.update(bytes.duplicate());
            }
            output.write(bytes, position);
        }

        @Override
        public void truncate(long bytes) throws IOException {
            inOrder = false;
            output.truncate(bytes);
        }

        @Override
        public void force() throws IOException {
            output.force();
        }

        @Override
        public void close() throws IOException {
            output.close();
        }
    }

    /// The hash of a file in hexadecimal digits. One that was not written through this, or not in order, is read. To be
    /// asked once.
    String hash(Path file) throws IOException {
        HashedOutput output = outputs.get(file);
        return output != null && output.inOrder
                ? HexFormat.of().formatHex(output.digest.digest())
                : Sha256.ofFile(file);
    }

    @Override
    public Output create(Path file) throws IOException {
        HashedOutput output = new HashedOutput(disk.create(file));
        outputs.put(file, output);
        return output;
    }

    @Override
    public Output open(Path file) throws IOException {
        return disk.open(file);
    }

    @Override
    public void createDirectory(Path directory) throws IOException {
        disk.createDirectory(directory);
    }

    @Override
    public void move(Path from, Path to) throws IOException {
        disk.move(from, to);
        HashedOutput output = outputs.remove(from);
        if (output != null) {
            outputs.put(to, output);
        }
    }

    @Override
    public void delete(Path path) throws IOException {
        disk.delete(path);
        outputs.remove(path);
    }

    @Override
    public void forceDirectory(Path directory) throws IOException {
        disk.forceDirectory(directory);
    }
}

package llams.trainer.run;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.Map;
import llams.engine.io.Disk;

/// A disk that takes the SHA-256 of new files from the bytes as they are written, so that none is read again for it.
final class HashingDisk implements Disk {
    private static final int PIECE_BYTES = 1 << 20;

    private final Disk disk;
    private final Map<Path, HashedOutput> outputs = new HashMap<>();

    HashingDisk(Disk disk) {
        this.disk = disk;
    }

    private static final class HashedOutput implements Output {
        private final Output output;
        private final MessageDigest digest = sha256();
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

    private static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every Java has SHA-256", e);
        }
    }

    /// The hash of a file in hexadecimal digits. One that was not written through this, or not in order, is read. To be
    /// asked once.
    String hash(Path file) throws IOException {
        HashedOutput output = outputs.get(file);
        return output != null && output.inOrder
                ? HexFormat.of().formatHex(output.digest.digest())
                : hashOfContent(file);
    }

    static String hashOfContent(Path file) throws IOException {
        MessageDigest digest = sha256();
        ByteBuffer piece = ByteBuffer.allocateDirect(PIECE_BYTES);
        try (FileChannel channel = FileChannel.open(file)) {
            while (channel.read(piece.clear()) >= 0) {
                digest.update(piece.flip());
            }
        }
        return HexFormat.of().formatHex(digest.digest());
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

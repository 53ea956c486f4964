package llams.model.hub;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.function.LongConsumer;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Disk;

/// A file on its way in, as `NAME.incomplete-ETAG` beside its final place. What an earlier run left is kept, and hashed
/// once. The file gets its name when it is complete, verified and on the disk.
final class IncomingFile implements AutoCloseable {
    private static final String INCOMPLETE = ".incomplete-";
    static final int PIECE_BYTES = 1 << 20;

    final HubFile file;
    private final Path target;
    private final Path incomplete;
    private final Disk.Output output;
    private MessageDigest digest;
    private long at;
    private long reached;

    private IncomingFile(HubFile file, Path target) throws IOException {
        this.file = file;
        this.target = target;
        this.incomplete = incomplete(target, file);
        Files.createDirectories(target.getParent());
        removeOthers();
        this.output = Files.exists(incomplete, LinkOption.NOFOLLOW_LINKS)
                ? Disk.current().open(incomplete)
                : Disk.current().create(incomplete);
    }

    /// Continues what an earlier run left, or starts.
    ///
    /// @throws HubException if nothing can be written there
    static IncomingFile open(Path target, HubFile file) throws IOException {
        try {
            IncomingFile incoming = new IncomingFile(file, target);
            incoming.readWhatIsThere();
            return incoming;
        } catch (IOException e) {
            throw HubException.of(AtomicFiles.cannotWrite(target, e));
        }
    }

    /// How many bytes of `file` an earlier run left behind.
    static long bytesThere(Path target, HubFile file) throws IOException {
        Path incomplete = incomplete(target, file);
        long bytes = Files.exists(incomplete) ? Files.size(incomplete) : 0;
        return bytes <= file.sizeBytes() ? bytes : 0;
    }

    /// Whether a whole file has the hub's size and hash; false where the hub has no hash.
    ///
    /// @param progress receives the number of bytes read
    static boolean matches(Path path, HubFile file, LongConsumer progress) throws IOException {
        MessageDigest digest = file.digestOrNull();
        try (FileChannel channel = FileChannel.open(path)) {
            return digest != null && channel.size() == file.sizeBytes() && equal(hash(channel, digest, progress), file);
        } catch (FileSystemException e) {
            throw e;
        } catch (IOException e) {
            throw new HubException(path + ": cannot be read (" + e.getMessage() + ")", e);
        }
    }

    /// The files below `directory` that an earlier run left incomplete.
    static List<String> unfinished(Path directory) throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree.map(path -> directory.relativize(path).toString())
                    .filter(name -> name.contains(INCOMPLETE))
                    .map(name -> name.substring(0, name.indexOf(INCOMPLETE)))
                    .sorted()
                    .toList();
        }
    }

    private static Path incomplete(Path target, HubFile file) {
        return target.resolveSibling(target.getFileName() + INCOMPLETE + file.tag());
    }

    /// Partial files of other contents are of no more use.
    private void removeOthers() throws IOException {
        String start = target.getFileName() + INCOMPLETE;
        List<Path> others;
        try (Stream<Path> siblings = Files.list(target.getParent())) {
            others = siblings.filter(
                    sibling -> sibling.getFileName().toString().startsWith(start) && !sibling.equals(incomplete))
                    .toList();
        }
        for (Path other : others) {
            Files.delete(other);
        }
    }

    private void readWhatIsThere() throws IOException {
        try (FileChannel channel = FileChannel.open(incomplete)) {
            restartUnless(channel.size() <= file.sizeBytes());
            if (digest != null) {
                hash(channel, digest, _ -> {});
            }
            at = channel.size();
            reached = at;
        }
    }

    private static MessageDigest hash(FileChannel channel, MessageDigest digest, LongConsumer progress)
            throws IOException {
        ByteBuffer piece = ByteBuffer.allocate(PIECE_BYTES);
        for (long position = 0; position < channel.size(); position += piece.limit()) {
            channel.read(piece.clear(), position);
            digest.update(piece.flip());
            progress.accept(position + piece.limit());
        }
        return digest;
    }

    private static boolean equal(MessageDigest digest, HubFile file) {
        return HexFormat.of().formatHex(digest.digest()).equals(file.etag());
    }

    /// How many bytes have arrived.
    long at() {
        return at;
    }

    /// The most that ever arrived: only bytes beyond it count as progress.
    long reached() {
        return reached;
    }

    /// Discards everything that has arrived.
    void restart() throws IOException {
        try {
            restartUnless(false);
        } catch (IOException e) {
            throw HubException.of(AtomicFiles.cannotWrite(target, e));
        }
    }

    private void restartUnless(boolean keep) throws IOException {
        if (!keep) {
            output.truncate(0);
        }
        digest = file.digestOrNull();
        at = 0;
    }

    /// @throws HubException if the disk does not take them, or they exceed the file's size
    void write(byte[] bytes, int count) throws IOException {
        if (count > file.sizeBytes() - at) {
            discard();
            throw new HubException(file.path() + ": the server sends more than the " + file.sizeBytes()
                    + " bytes that the hub says; what came was removed");
        }
        try {
            output.write(ByteBuffer.wrap(bytes, 0, count), at);
        } catch (IOException e) {
            throw new HubException(AtomicFiles.cannotWrite(target, e).getMessage()
                    + "; what came is kept, and the same command continues from there", e);
        }
        if (digest != null) {
            digest.update(bytes, 0, count);
        }
        at += count;
        reached = Math.max(reached, at);
    }

    /// Called once, when everything has arrived.
    boolean verified() {
        return digest == null || equal(digest, file);
    }

    void discard() throws IOException {
        output.close();
        Files.deleteIfExists(incomplete);
    }

    /// Gives the file its name.
    void publish() throws IOException {
        try {
            output.force();
            output.close();
            AtomicFiles.replace(incomplete, target);
            AtomicFiles.forceDirectory(target.getParent());
        } catch (IOException e) {
            throw HubException.of(AtomicFiles.cannotWrite(target, e));
        }
    }

    @Override
    public void close() throws IOException {
        output.close();
    }
}

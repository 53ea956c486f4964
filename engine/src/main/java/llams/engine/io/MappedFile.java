package llams.engine.io;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Objects;

/// A file of weights, mapped or copied into memory.
///
/// Mapped, no data is touched; the system reads pages as they are used. So a file may be deleted or replaced by a
/// rename while it is open, but must not be cut or rewritten in place: a mapped page that vanishes stops the whole JVM.
/// [#verifyUnchanged()] usually notices in time; a copy needs no such care.
public final class MappedFile implements AutoCloseable {
    /// Makes the exception that says what is wrong with a file of some format.
    @FunctionalInterface
    public interface Refusal {
        IOException of(Path file, String problem);
    }

    private static final long COPIED_BYTES = 64 << 20;
    private static final String REMEDY = "; replace a model by renaming, not by writing over it, or copy it into"
            + " memory with `noMap`";

    /// The file as given to [#open].
    public final Path path;
    public final FileChannel channel;
    /// Length of the file when it was opened.
    public final long bytes;
    private final Arena arena = Arena.ofShared();
    private final BasicFileAttributes opened;
    private final Refusal refusal;
    private boolean isCopy;

    private MappedFile(Path path, FileChannel channel, BasicFileAttributes opened, Refusal refusal) throws IOException {
        this.path = path;
        this.channel = channel;
        this.opened = opened;
        this.refusal = refusal;
        bytes = channel.size();
    }

    /// Opens a file; no data is read.
    ///
    /// @throws IOException what `refusal` makes, if it is not there, is no file or may not be read
    public static MappedFile open(Path file, Refusal refusal) throws IOException {
        if (!Files.exists(file)) {
            throw refusal.of(file, "there is no such file or directory");
        }
        if (!Files.isRegularFile(file)) {
            throw refusal.of(file, "is not a file");
        }
        if (!Files.isReadable(file)) {
            throw refusal.of(file, "may not be read by this user");
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        try {
            return new MappedFile(file, channel, Files.readAttributes(file, BasicFileAttributes.class), refusal);
        } catch (Throwable e) {
            channel.close();
            throw e;
        }
    }

    /// All its bytes, valid until this is closed.
    ///
    /// @param copy reads them at once, so that nothing that happens to the file later matters
    /// @throws IOException what the refusal makes, if the file has changed since it was opened
    public MemorySegment data(boolean copy) throws IOException {
        MemorySegment data = copy ? copy() : map();
        if (channel.size() != bytes || !Files.getLastModifiedTime(path).equals(opened.lastModifiedTime())) {
            throw refusal.of(path, "is being written to while it is opened; wait until it is complete");
        }
        isCopy = copy;
        return data;
    }

    /// Bytes `begin` to `end` of what [#data] returned, just as valid. Java has a class of segment for mapped files and
    /// another for other memory, and a loop that meets both checks each access for either, which costs a third of its
    /// speed. As a view of shorts (until JDK 25 at least) a mapped part is of the common class. Parts of an odd length, or
    /// beyond what a buffer can have, 2 GiB, keep theirs.
    public static MemorySegment part(MemorySegment data, long begin, long end) {
        MemorySegment part = data.asSlice(begin, end - begin);
        return part.isMapped() && end - begin <= Integer.MAX_VALUE && (end - begin) % Short.BYTES == 0
                ? MemorySegment.ofBuffer(part.asByteBuffer().asShortBuffer())
                : part;
    }

    private MemorySegment map() throws IOException {
        try {
            return channel.map(MapMode.READ_ONLY, 0, bytes, arena);
        } catch (IOException e) {
            throw new IOException(path + ": its " + bytes + " bytes cannot be mapped (" + e.getMessage()
                    + "); does something limit the program's address space, as 'ulimit -v' does?", e);
        }
    }

    private MemorySegment copy() throws IOException {
        MemorySegment copy = arena.allocate(bytes, 64);
        for (long at = 0; at < bytes;) {
            int read = read(copy.asSlice(at, Math.min(COPIED_BYTES, bytes - at)).asByteBuffer(), at);
            if (read < 0) {
                throw refusal.of(path, "ends at byte " + at + ", but had " + bytes + " when it was opened");
            }
            at += read;
        }
        return copy;
    }

    /// As [FileChannel#read(ByteBuffer, long)]; a failure names the file and the place.
    public int read(ByteBuffer into, long position) throws IOException {
        try {
            return channel.read(into, position);
        } catch (IOException e) {
            throw new IOException(path + ": cannot be read at byte " + position + ": " + e.getMessage(), e);
        }
    }

    /// Checks that the mapped file still has its length and the time at which it was last written to. Cheap: call it
    /// between steps of long work. A file deleted or replaced by another is unchanged as far as its reader is
    /// concerned, and so is a copy.
    ///
    /// @throws IOException what the refusal makes, if it was cut, extended or written to since it was opened
    public void verifyUnchanged() throws IOException {
        if (isCopy) {
            return;
        }
        long size = channel.size();
        if (size != bytes) {
            throw refusal.of(path, "had " + bytes + " bytes when it was opened and now has " + size + REMEDY);
        }
        BasicFileAttributes now;
        try {
            now = Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException _) {
            return;
        }
        boolean isSame = Objects.equals(now.fileKey(), opened.fileKey());
        if (isSame && !now.lastModifiedTime().equals(opened.lastModifiedTime())) {
            throw refusal.of(path, "was written to at " + now.lastModifiedTime() + ", while it was in use" + REMEDY);
        }
    }

    @Override
    public void close() throws IOException {
        arena.close();
        channel.close();
    }
}

package llams.engine.safetensors;

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
import java.util.Map;
import java.util.Objects;
import llams.engine.tensor.Tensor;

/// One `.safetensors` file, mapped or copied into memory: 8 bytes header length, a JSON header, and the tensors' bytes.
///
/// Opening checks the whole header (see [Header]). Mapped, no data is touched; the system reads pages as they are used.
/// So a file may be deleted or replaced by a rename while it is open, but must not be cut or rewritten in place: a
/// mapped page that vanishes stops the whole JVM. [#verifyUnchanged()] usually notices in time; a copy needs no such
/// care.
public final class SafetensorsFile implements AutoCloseable {
    /// Where a tensor lies in the file: bytes `begin` to `end`, counted from the start of the file.
    public record Entry(TensorInfo info, long begin, long end) {}

    private static final long COPIED_BYTES = 64 << 20;
    private static final String REMEDY = "; replace a model by renaming, not by writing over it, or copy it into"
            + " memory with `noMap`";

    /// The file as given to [#open].
    public final Path path;
    private final FileChannel channel;
    private final Arena arena;
    private final MemorySegment data;
    private final Header header;
    private final BasicFileAttributes opened;
    private final boolean isCopy;

    private SafetensorsFile(Path path, FileChannel channel, Arena arena, MemorySegment data, Header header,
            BasicFileAttributes opened, boolean isCopy) {
        this.path = path;
        this.channel = channel;
        this.arena = arena;
        this.data = data;
        this.header = header;
        this.opened = opened;
        this.isCopy = isCopy;
    }

    /// Maps the file and checks its header.
    ///
    /// @throws SafetensorsException if the file cannot be what it says it is
    public static SafetensorsFile open(Path file) throws IOException {
        return open(file, false);
    }

    /// The same with all its bytes read into memory at once, so that nothing that happens to the file later matters.
    ///
    /// @throws SafetensorsException as [#open(Path)]
    public static SafetensorsFile openCopy(Path file) throws IOException {
        return open(file, true);
    }

    private static SafetensorsFile open(Path file, boolean copy) throws IOException {
        if (!Files.exists(file)) {
            throw new SafetensorsException(file, "there is no such file or directory");
        }
        if (!Files.isRegularFile(file)) {
            throw new SafetensorsException(file, "is not a file");
        }
        if (!Files.isReadable(file)) {
            throw new SafetensorsException(file, "may not be read by this user");
        }
        FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
        Arena arena = null;
        try {
            BasicFileAttributes opened = Files.readAttributes(file, BasicFileAttributes.class);
            long size = channel.size();
            Header header = Header.read(file, channel, size);
            arena = Arena.ofShared();
            MemorySegment data = copy ? copy(file, channel, size, arena) : map(file, channel, size, arena);
            if (channel.size() != size || !Files.getLastModifiedTime(file).equals(opened.lastModifiedTime())) {
                throw new SafetensorsException(file,
                        "is being written to while it is opened; wait until it is complete");
            }
            return new SafetensorsFile(file, channel, arena, data, header, opened, copy);
        } catch (Throwable e) {
            channel.close();
            if (arena != null) {
                arena.close();
            }
            throw e;
        }
    }

    private static MemorySegment map(Path file, FileChannel channel, long size, Arena arena) throws IOException {
        try {
            return channel.map(MapMode.READ_ONLY, 0, size, arena);
        } catch (IOException e) {
            throw new IOException(file + ": its " + size + " bytes cannot be mapped (" + e.getMessage()
                    + "); does something limit the program's address space, as 'ulimit -v' does?", e);
        }
    }

    private static MemorySegment copy(Path file, FileChannel channel, long size, Arena arena) throws IOException {
        MemorySegment copy = arena.allocate(size, 64);
        for (long at = 0; at < size;) {
            int read = read(file, channel, copy.asSlice(at, Math.min(COPIED_BYTES, size - at)).asByteBuffer(), at);
            if (read < 0) {
                throw new SafetensorsException(file,
                        "ends at byte " + at + ", but had " + size + " when it was opened");
            }
            at += read;
        }
        return copy;
    }

    /// As [FileChannel#read(ByteBuffer, long)]; a failure names the file and the place.
    static int read(Path file, FileChannel channel, ByteBuffer into, long position) throws IOException {
        try {
            return channel.read(into, position);
        } catch (IOException e) {
            throw new IOException(file + ": cannot be read at byte " + position + ": " + e.getMessage(), e);
        }
    }

    /// Name to entry, in the order of the data.
    public Map<String, Entry> entries() {
        return header.entries();
    }

    /// The header's `__metadata__`, empty if there is none.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// A view of the data, valid until this file is closed.
    ///
    /// @throws IllegalArgumentException if there is no such tensor
    public Tensor tensor(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new IllegalArgumentException(path + ": there is no tensor \"" + name + "\"");
        }
        return new Tensor(entry.info().dtype(), entry.info().shape(),
                data.asSlice(entry.begin(), entry.end() - entry.begin()));
    }

    /// Checks that the mapped file still has its length and the time at which it was last written to. Cheap: call it
    /// between steps of long work. A file deleted or replaced by another is unchanged as far as its reader is
    /// concerned, and so is a copy.
    ///
    /// @throws SafetensorsException if it was cut, extended or written to since it was opened
    public void verifyUnchanged() throws IOException {
        if (isCopy) {
            return;
        }
        long size = channel.size();
        if (size != data.byteSize()) {
            throw new SafetensorsException(path,
                    "had " + data.byteSize() + " bytes when it was opened and now has " + size + REMEDY);
        }
        BasicFileAttributes now;
        try {
            now = Files.readAttributes(path, BasicFileAttributes.class);
        } catch (NoSuchFileException _) {
            return;
        }
        boolean isSame = Objects.equals(now.fileKey(), opened.fileKey());
        if (isSame && !now.lastModifiedTime().equals(opened.lastModifiedTime())) {
            throw new SafetensorsException(path,
                    "was written to at " + now.lastModifiedTime() + ", while it was in use" + REMEDY);
        }
    }

    @Override
    public void close() throws IOException {
        arena.close();
        channel.close();
    }
}

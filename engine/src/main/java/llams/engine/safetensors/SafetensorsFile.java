package llams.engine.safetensors;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.util.Map;
import llams.engine.tensor.Tensor;

/// One memory-mapped `.safetensors` file: 8 bytes header length, a JSON header, and the tensors' bytes.
///
/// Opening checks the whole header (see [Header]) and touches no data; the system reads pages as they are used. So a file
/// may be deleted or replaced by a rename while it is open, but must not be cut or rewritten in place: a mapped page that
/// vanishes stops the whole JVM. [#verifyUnchanged()] finds out in time in most cases.
public final class SafetensorsFile implements AutoCloseable {
    /// Where a tensor lies in the file: bytes `begin` to `end`, counted from the start of the file.
    public record Entry(TensorInfo info, long begin, long end) {
    }

    /// The file as given to [#open].
    public final Path path;
    private final FileChannel channel;
    private final Arena arena;
    private final MemorySegment mapped;
    private final Header header;

    private SafetensorsFile(Path path, FileChannel channel, Arena arena, MemorySegment mapped, Header header) {
        this.path = path;
        this.channel = channel;
        this.arena = arena;
        this.mapped = mapped;
        this.header = header;
    }

    /// Maps the file and checks its header.
    ///
    /// @throws SafetensorsException if the file cannot be what it says it is
    public static SafetensorsFile open(Path file) throws IOException {
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
            FileTime modified = Files.getLastModifiedTime(file);
            long size = channel.size();
            Header header = Header.read(file, channel, size);
            if (channel.size() != size || !Files.getLastModifiedTime(file).equals(modified)) {
                throw new SafetensorsException(file, "is being written to while it is opened; wait until it is complete");
            }
            arena = Arena.ofShared();
            MemorySegment mapped = map(file, channel, size, arena);
            return new SafetensorsFile(file, channel, arena, mapped, header);
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

    /// Name to entry, in the order of the data.
    public Map<String, Entry> entries() {
        return header.entries();
    }

    /// The header's `__metadata__`, empty if there is none.
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// A view of the mapped data, valid until this file is closed.
    ///
    /// @throws IllegalArgumentException if there is no such tensor
    public Tensor tensor(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new IllegalArgumentException(path + ": there is no tensor \"" + name + "\"");
        }
        return new Tensor(entry.info().dtype(), entry.info().shape(),
                mapped.asSlice(entry.begin(), entry.end() - entry.begin()));
    }

    /// Looks whether the file still has the length that was mapped. Cheap: call it between steps of long work.
    ///
    /// @throws SafetensorsException if it was cut or extended since it was opened
    public void verifyUnchanged() throws IOException {
        long size = channel.size();
        if (size != mapped.byteSize()) {
            throw new SafetensorsException(path, "had " + mapped.byteSize() + " bytes when it was opened and now has "
                    + size + "; replace a model by renaming, not by writing over it");
        }
    }

    @Override
    public void close() throws IOException {
        arena.close();
        channel.close();
    }
}

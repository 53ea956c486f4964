package llams.engine.gguf;

import java.io.IOException;
import java.io.InputStream;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import llams.engine.io.MappedFile;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Tensor;

/// One GGUF file, version 2 or 3, little-endian: metadata, then the tensors' names, types and shapes, then their data,
/// each tensor's at a multiple of the file's alignment.
///
/// Opening checks all of that (see [GgufParser]) and reads no data. Names and the order of rows are the file's own;
/// [GgufNames] translates. [MappedFile] says what must not happen to a file that is mapped.
public final class GgufFile implements AutoCloseable {
    /// Where a tensor lies in the file: bytes `begin` to `end`, counted from the start of the file.
    ///
    /// @param info its shape has the outermost dimension first, as everywhere in this program; the file has the reverse
    public record Entry(TensorInfo info, long begin, long end) {}

    static final byte[] MAGIC = "GGUF".getBytes(StandardCharsets.US_ASCII);

    /// The file as given to [#open].
    public final Path path;
    public final GgufMetadata metadata;
    /// By name, in the order of the data.
    public final Map<String, Entry> entries;
    private final MappedFile file;
    private final MemorySegment data;

    private GgufFile(MappedFile file, MemorySegment data) throws IOException {
        this.path = file.path;
        this.file = file;
        this.data = data;
        GgufParser parser = new GgufParser(path, data);
        parser.parse();
        metadata = new GgufMetadata(path, parser.metadata());
        entries = parser.entries();
    }

    /// Maps the file and checks all that stands before the data.
    ///
    /// @throws GgufException if the file cannot be what it says it is, or has tensors of a type that is not read
    public static GgufFile open(Path file) throws IOException {
        return open(file, false);
    }

    /// The same with all its bytes read into memory at once, so that nothing that happens to the file later matters.
    ///
    /// @throws GgufException as [#open(Path)]
    public static GgufFile openCopy(Path file) throws IOException {
        return open(file, true);
    }

    private static GgufFile open(Path path, boolean copy) throws IOException {
        MappedFile file = MappedFile.open(path, GgufException::new);
        try {
            if (!is(path)) {
                throw new GgufException(path, "does not start with \"GGUF\"; it is not a GGUF file");
            }
            return new GgufFile(file, file.data(copy));
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /// Whether a regular file starts as all files of this format do.
    public static boolean is(Path file) throws IOException {
        if (!Files.isRegularFile(file)) {
            return false;
        }
        try (InputStream in = Files.newInputStream(file)) {
            return Arrays.equals(in.readNBytes(MAGIC.length), MAGIC);
        }
    }

    /// A view of the data, valid until this file is closed.
    ///
    /// @throws GgufException if there is no such tensor
    public Tensor tensor(String name) throws GgufException {
        Entry entry = entries.get(name);
        if (entry == null) {
            throw new GgufException(path, "there is no tensor \"" + name + "\" among the " + entries.size());
        }
        return new Tensor(entry.info.dtype(), entry.info.shape(), MappedFile.part(data, entry.begin, entry.end));
    }

    /// Length of all tensors' data.
    public long bytes() {
        long bytes = 0;
        for (Entry entry : entries.values()) {
            bytes += entry.end - entry.begin;
        }
        return bytes;
    }

    /// As [MappedFile#verifyUnchanged()].
    ///
    /// @throws GgufException if it was cut, extended or written to since it was opened
    public void verifyUnchanged() throws IOException {
        file.verifyUnchanged();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

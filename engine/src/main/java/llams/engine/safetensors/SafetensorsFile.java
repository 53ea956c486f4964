package llams.engine.safetensors;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Map;
import llams.engine.io.MappedFile;
import llams.engine.tensor.Tensor;

/// One `.safetensors` file, mapped or copied into memory: 8 bytes header length, a JSON header, and the tensors' bytes.
///
/// Opening checks the whole header (see [Header]). [MappedFile] says what must not happen to a file that is mapped.
public final class SafetensorsFile implements TensorFile {
    /// Where a tensor lies in the file: bytes `begin` to `end`, counted from the start of the file.
    public record Entry(TensorInfo info, long begin, long end) {}

    /// The file as given to [#open].
    public final Path path;
    private final MappedFile file;
    private final MemorySegment data;
    private final Header header;

    private SafetensorsFile(MappedFile file, MemorySegment data, Header header) {
        this.path = file.path;
        this.file = file;
        this.data = data;
        this.header = header;
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

    private static SafetensorsFile open(Path path, boolean copy) throws IOException {
        MappedFile file = MappedFile.open(path, SafetensorsException::new);
        try {
            Header header = Header.read(file);
            return new SafetensorsFile(file, file.data(copy), header);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /// Name to entry, in the order of the data.
    public Map<String, Entry> entries() {
        return header.entries();
    }

    @Override
    public Collection<TensorInfo> infos() {
        return header.entries().values().stream().map(Entry::info).toList();
    }

    /// The header's `__metadata__`, empty if there is none.
    @Override
    public Map<String, String> metadata() {
        return header.metadata();
    }

    /// A view of the data, valid until this file is closed.
    ///
    /// @throws IllegalArgumentException if there is no such tensor
    @Override
    public Tensor tensor(String name) {
        Entry entry = header.entries().get(name);
        if (entry == null) {
            throw new IllegalArgumentException(path + ": there is no tensor \"" + name + "\"");
        }
        return new Tensor(entry.info().dtype(), entry.info().shape(),
                MappedFile.part(data, entry.begin(), entry.end()));
    }

    /// As [MappedFile#verifyUnchanged()].
    ///
    /// @throws SafetensorsException if it was cut, extended or written to since it was opened
    @Override
    public void verifyUnchanged() throws IOException {
        file.verifyUnchanged();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

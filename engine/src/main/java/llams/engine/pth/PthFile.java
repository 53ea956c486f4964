package llams.engine.pth;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.io.MappedFile;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A file of tensors as PyTorch saves them since version 1.6: a zip file with a pickle that names the tensors, and an
/// entry for each storage. It is mapped; nothing in it is executed (see [Unpickler]).
public final class PthFile implements AutoCloseable {
    private static final String PICKLE = "/data.pkl";
    private static final String ORDER = "/byteorder";

    /// The file as given to [#open].
    public final Path path;
    /// By name, in the file's order; valid until this is closed.
    public final Map<String, Tensor> tensors;
    private final MappedFile file;

    private PthFile(MappedFile file) throws IOException {
        this.path = file.path;
        this.file = file;
        Map<String, MemorySegment> entries = StoredZip.entries(path, file.data(false));
        String prefix = prefix(entries);
        MemorySegment order = entries.get(prefix + ORDER);
        if (order != null && !new String(order.asSlice(0, Math.min(8, order.byteSize())).toArray(ValueLayout.JAVA_BYTE),
                StandardCharsets.US_ASCII).strip().equals("little")) {
            throw new PthException(path, "is of a big-endian machine, which this program does not read");
        }
        if (!(Unpickler.read(path, entries.get(prefix + PICKLE)) instanceof Map<?, ?> map)) {
            throw new PthException(path, "holds no dictionary of tensors");
        }
        Map<String, Tensor> found = new LinkedHashMap<>();
        for (Map.Entry<?, ?> entry : map.entrySet()) {
            String name = (String) entry.getKey();
            if (!(entry.getValue() instanceof Unpickler.View view)) {
                throw new PthException(path, "holds \"" + name + "\", which is no tensor");
            }
            found.put(name, tensor(name, view, entries.get(prefix + "/data/" + view.storage().key())));
        }
        tensors = Collections.unmodifiableMap(found);
    }

    /// Maps the file and reads its pickle.
    ///
    /// @throws PthException if the file cannot be what it says it is, or has more in it than tensors
    public static PthFile open(Path path) throws IOException {
        MappedFile file = MappedFile.open(path, PthException::new);
        try {
            return new PthFile(file);
        } catch (Throwable e) {
            file.close();
            throw e;
        }
    }

    /// The directory within the zip file: its name is what the file was once called.
    private String prefix(Map<String, MemorySegment> entries) throws PthException {
        for (String name : entries.keySet()) {
            if (name.endsWith(PICKLE)) {
                return name.substring(0, name.length() - PICKLE.length());
            }
        }
        throw new PthException(path, "is a zip file without data.pkl, no PyTorch file");
    }

    private Tensor tensor(String name, Unpickler.View view, MemorySegment storage) throws PthException {
        if (storage == null) {
            throw new PthException(path, "has no storage for \"" + name + "\"");
        }
        Shape shape;
        long begin;
        long bytes;
        try {
            shape = Shape.of(view.dims());
            bytes = Tensor.byteSize(view.storage().dtype(), shape);
            begin = view.storage().dtype().bytes(view.offset());
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new PthException(path, "\"" + name + "\": " + e.getMessage(), e);
        }
        if (begin < 0 || begin > storage.byteSize() || bytes > storage.byteSize() - begin) {
            throw new PthException(path, "\"" + name + "\" has bytes " + begin + " to " + (begin + bytes)
                    + " of a storage that has " + storage.byteSize());
        }
        long stride = 1;
        for (int axis = shape.rank() - 1; axis >= 0; axis--) {
            boolean isNext = view.strides().length == shape.rank() && view.strides()[axis] == stride;
            if (!isNext && shape.dim(axis) > 1) {
                throw new PthException(path, "\"" + name + "\" does not lie row after row; save it as contiguous()");
            }
            stride *= Math.max(1, shape.dim(axis));
        }
        return new Tensor(view.storage().dtype(), shape, storage.asSlice(begin, bytes));
    }

    /// As [MappedFile#verifyUnchanged()].
    public void verifyUnchanged() throws IOException {
        file.verifyUnchanged();
    }

    @Override
    public void close() throws IOException {
        file.close();
    }
}

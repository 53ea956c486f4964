package llams.engine.safetensors;

import java.io.IOException;
import java.util.Collection;
import java.util.Map;
import llams.engine.tensor.Tensor;

/// A file that holds tensors of a [Checkpoint], under their names there.
public interface TensorFile extends AutoCloseable {
    /// In the order of the data.
    Collection<TensorInfo> infos();

    /// A view of the data, valid until this file is closed.
    Tensor tensor(String name);

    /// What the file says about itself; perhaps nothing.
    Map<String, String> metadata();

    /// Checks that a mapped file still is what it was when it was opened.
    ///
    /// @throws IOException if it was cut, extended or written to
    void verifyUnchanged() throws IOException;

    @Override
    void close() throws IOException;
}

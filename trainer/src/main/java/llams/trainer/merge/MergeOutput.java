package llams.trainer.merge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.Tensor;

/// The weights of a merged model on their way to the disk: the tensors of `model` with other contents.
final class MergeOutput implements AutoCloseable {
    private static final long COPY_BYTES = 8 << 20;

    private final SafetensorsWriter writer;
    private final Progress progress;
    private final long totalBytes;
    private long doneBytes;

    MergeOutput(Path directory, Checkpoint model, Progress progress) throws IOException {
        List<TensorInfo> plan = new ArrayList<>();
        for (String name : model.names()) {
            plan.add(model.info(name));
        }
        this.writer = SafetensorsWriter.model(directory, plan, model.metadata(), SafetensorsWriter.DEFAULT_SHARD_BYTES);
        this.progress = progress;
        this.totalBytes = model.bytes();
    }

    void append(String name, MemorySegment part) throws IOException {
        writer.append(name, part);
        doneBytes += part.byteSize();
        progress.at(doneBytes, totalBytes);
    }

    /// Takes a tensor over bit for bit.
    void copy(String name, Tensor tensor) throws IOException {
        long bytes = tensor.data().byteSize();
        for (long done = 0; done < bytes; done += COPY_BYTES) {
            append(name, tensor.data().asSlice(done, Math.min(COPY_BYTES, bytes - done)));
        }
    }

    void finish() throws IOException {
        writer.finish();
    }

    long totalBytes() {
        return totalBytes;
    }

    @Override
    public void close() throws IOException {
        writer.close();
    }
}

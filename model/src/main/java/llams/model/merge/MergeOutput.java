package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.files.ByteProgress;
import llams.model.files.NonFinite;
import llams.model.lora.BaseFingerprint;

/// Writes the weights of a merged model: the tensors of `model` with other contents, or others. Every byte passes
/// through here, so this is where non-finite values are found.
final class MergeOutput implements AutoCloseable {
    private static final long COPY_BYTES = 8 << 20;

    private final SafetensorsWriter writer;
    private final Map<String, TensorInfo> tensors = new LinkedHashMap<>();
    private final Checkpoint model;
    private final ByteProgress progress;
    private final long totalBytes;
    private long doneBytes;
    private long nonFinite;

    MergeOutput(Path directory, Checkpoint model, ByteProgress progress) throws IOException {
        this(directory, model, infos(model), progress);
    }

    /// @param model that the result's metadata are from
    /// @param plan  the tensors of the result
    MergeOutput(Path directory, Checkpoint model, List<TensorInfo> plan, ByteProgress progress) throws IOException {
        plan.forEach(info -> tensors.put(info.name(), info));
        Map<String, String> metadata = new LinkedHashMap<>(model.metadata());
        metadata.remove(BaseFingerprint.OF_ORIGINAL);
        this.writer = SafetensorsWriter.model(directory, plan, metadata, SafetensorsWriter.DEFAULT_SHARD_BYTES);
        this.model = model;
        this.progress = progress;
        this.totalBytes = plan.stream().mapToLong(TensorInfo::bytes).sum();
    }

    private static List<TensorInfo> infos(Checkpoint model) throws IOException {
        List<TensorInfo> infos = new ArrayList<>();
        for (String name : model.names()) {
            infos.add(model.info(name));
        }
        return infos;
    }

    void append(String name, MemorySegment part) throws IOException {
        writer.append(name, part);
        nonFinite += NonFinite.count(tensors.get(name).dtype(), part);
        doneBytes += part.byteSize();
        progress.at(doneBytes, totalBytes);
    }

    /// Ends a tensor of the result.
    ///
    /// @param inputs the tensors that it was made from, by their models' labels
    /// @return how many values overflow even float32; usually 0
    /// @throws MergeException if values are not finite for another reason: an input has such values, or F16 is too
    ///                        narrow
    long end(String name, Map<String, Tensor> inputs) throws IOException {
        long count = nonFinite;
        nonFinite = 0;
        if (count == 0) {
            return 0;
        }
        String what = "\"" + name + "\": " + count + " of " + tensors.get(name).shape().elements()
                + " values of the result" + " would be infinite or NaN";
        List<String> problems = new ArrayList<>();
        inputs.forEach((label, tensor) -> {
            long own = NonFinite.count(tensor);
            if (own > 0) {
                problems.add(label + " already has " + own + " such values");
            }
        });
        if (!problems.isEmpty()) {
            throw new MergeException(what, problems);
        }
        if (tensors.get(name).dtype() == DType.F16) {
            throw new MergeException(what,
                    List.of("F16 ends at 65504, BF16 and F32 would hold them; " + (model.dtype(name) == DType.F16
                            ? "the result has the type of " + model.path + ", so convert that model first"
                            : "choose one of those types for the result")));
        }
        return count;
    }

    /// Copies a tensor bit for bit.
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

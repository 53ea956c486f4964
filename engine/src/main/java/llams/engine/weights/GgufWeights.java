package llams.engine.weights;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.gguf.GgufConfig;
import llams.engine.gguf.GgufFile;
import llams.engine.gguf.GgufNames;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.TensorFile;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// The weights of a GGUF file as those of a checkpoint: under its names, and with the rows of the projections to queries
/// and keys in its order. Those are copies in memory, made when they are first asked for: whole rows move, blocks and
/// all. The others stay where they are in the file.
final class GgufWeights implements TensorFile {
    final LlamaConfig config;
    private final GgufFile file;
    /// By the checkpoint's name.
    private final Map<String, TensorInfo> infos = new LinkedHashMap<>();
    private final Map<String, Tensor> reordered = new LinkedHashMap<>();
    private final Arena arena = Arena.ofShared();

    /// @param map false reads the whole file into memory
    /// @throws IOException if the file is damaged, or no Llama model; says where
    static GgufWeights open(Path path, boolean map) throws IOException {
        GgufFile file = map ? GgufFile.open(path) : GgufFile.openCopy(path);
        try {
            return new GgufWeights(file, GgufConfig.read(file));
        } catch (IOException | RuntimeException e) {
            file.close();
            throw e;
        }
    }

    private GgufWeights(GgufFile file, LlamaConfig config) {
        this.file = file;
        this.config = config;
        for (GgufFile.Entry entry : file.entries.values()) {
            TensorInfo info = entry.info();
            String name = GgufNames.inCheckpoint(info.name());
            // The config has these.
            if (!info.name().equals(GgufNames.ROPE_DIVISORS)) {
                String known = name == null ? info.name() : name;
                infos.put(known, new TensorInfo(known, info.dtype(), info.shape()));
            }
        }
    }

    /// The type of the first matrix whose elements share scales, or null.
    String quantization() {
        return infos.values()
                .stream()
                .map(TensorInfo::dtype)
                .filter(DType::isQuantized)
                .findFirst()
                .map(DType::name)
                .orElse(null);
    }

    /// Bytes of the copies, all made.
    long reorderedBytes() {
        return infos.values()
                .stream()
                .filter(info -> GgufNames.isReordered(info.name()))
                .mapToLong(TensorInfo::bytes)
                .sum();
    }

    @Override
    public Collection<TensorInfo> infos() {
        return infos.values();
    }

    @Override
    public synchronized Tensor tensor(String name) {
        String inFile = GgufNames.inFile(name);
        try {
            Tensor tensor = file.tensor(inFile == null ? name : inFile);
            return GgufNames.isReordered(name) ? reordered.computeIfAbsent(name, _ -> reordered(tensor)) : tensor;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private Tensor reordered(Tensor tensor) {
        Tensor copy = Tensor.allocate(arena, tensor.dtype(), tensor.shape());
        long rows = tensor.shape().dim(0);
        long bytes = tensor.data().byteSize() / rows;
        for (long row = 0; row < rows; row++) {
            MemorySegment.copy(tensor.data(), row * bytes, copy.data(), GgufNames.rowInCheckpoint(row, config) * bytes,
                    bytes);
        }
        return copy;
    }

    @Override
    public Map<String, String> metadata() {
        return Map.of();
    }

    @Override
    public void verifyUnchanged() throws IOException {
        file.verifyUnchanged();
    }

    @Override
    public void close() throws IOException {
        arena.close();
        file.close();
    }
}

package llams.engine.llama;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import llams.engine.cpu.ContentHash;
import llams.engine.cpu.Quantizer;
import llams.engine.graph.Leaf;
import llams.engine.graph.TensorType;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A model directory, opened: its configuration, and its weights mapped from the file. Nothing is copied, unless the weights are
/// to be quantized.
public final class LlamaWeights implements AutoCloseable {
    public final Path directory;
    /// With [LlamaConfig#quantization] as the weights are here, which may not be as they are stored.
    public final LlamaConfig config;
    public final Checkpoint checkpoint;
    private final boolean isStoredQuantized;
    private final Map<String, Leaf> leaves = new LinkedHashMap<>();
    private final Map<String, Tensor> quantized = new LinkedHashMap<>();
    private final Arena arena = Arena.ofShared();
    /// Its threads serve all weights; null until one has to be quantized.
    private Quantizer quantizer;
    /// Null until it is asked for: it costs reading all files.
    private String contentHash;

    private LlamaWeights(Path directory, LlamaConfig stored, boolean quantize, Checkpoint checkpoint) {
        this.directory = directory;
        this.isStoredQuantized = stored.quantization() != null;
        this.config = quantize ? stored.withQuantization(Quantization.METHOD) : stored;
        this.checkpoint = checkpoint;
    }

    /// Opens `config.json` and the weights, and checks that every weight of the model is there in its shape.
    ///
    /// @throws IOException if a file is missing or damaged, or the weights are not those of the config; says which
    public static LlamaWeights open(Path directory) throws IOException {
        return open(directory, false);
    }

    /// The same model with its matrices as Q8_0: what is not stored so is quantized when [#resident] is first asked for, on all
    /// cores, bit for bit as it would be stored. What cannot be (norms, rows that are not whole blocks) stays as it is.
    ///
    /// @throws IOException as [#open]
    public static LlamaWeights openQuantized(Path directory) throws IOException {
        return open(directory, true);
    }

    private static LlamaWeights open(Path directory, boolean quantize) throws IOException {
        ModelDirectory.check(directory);
        LlamaConfig config = LlamaConfig.read(directory);
        LlamaWeights weights = new LlamaWeights(directory, config, quantize, Checkpoint.open(directory));
        try {
            weights.check();
        } catch (IOException | RuntimeException e) {
            weights.close();
            throw e;
        }
        return weights;
    }

    private void check() throws IOException {
        List<String> wrong = new ArrayList<>();
        Llama.of(config, (name, dims) -> {
            Leaf leaf = Leaf.weight(name, DType.F32, dims);
            try {
                leaf = found(name, Shape.of(dims));
            } catch (IOException e) {
                wrong.add(e.getMessage());
            }
            leaves.put(name, leaf);
            return leaf;
        }, Llama.Wrap.NONE);
        if (!wrong.isEmpty()) {
            String more = wrong.size() > 4 ? "; and " + (wrong.size() - 4) + " more" : "";
            throw new IOException(directory + ": the weights do not fit config.json: "
                    + String.join("; ", wrong.subList(0, Math.min(4, wrong.size()))) + more);
        }
    }

    private Leaf found(String name, Shape shape) throws IOException {
        if (!checkpoint.has(name)) {
            throw new IOException("\"" + name + "\" is missing");
        }
        DType dtype = checkpoint.dtype(name);
        boolean isBlocks = isStoredQuantized && dtype == DType.U8 && Quantization.isFor(shape);
        Shape wanted = isBlocks ? Quantization.stored(shape) : shape;
        if (!checkpoint.shape(name).equals(wanted)) {
            throw new IOException("\"" + name + "\" is " + checkpoint.shape(name) + ", not " + wanted);
        }
        if (!isBlocks && !dtype.isWeight()) {
            throw new IOException("\"" + name + "\" is " + dtype + ", not F32, BF16 or F16");
        }
        boolean isQuantized = isBlocks || config.quantization() != null && !isStoredQuantized && Quantization.isFor(shape);
        return new Leaf(Leaf.Kind.WEIGHT, name, new TensorType(isQuantized ? DType.Q8_0 : dtype, shape));
    }

    /// The weights as frozen leaves, in the types that they have here.
    public Parameters frozen() {
        return (name, dims) -> leaves.get(name);
    }

    /// The model without adapters.
    public Llama model() {
        return Llama.of(config, frozen(), Llama.Wrap.NONE);
    }

    /// Every weight of the model with its type here: in a quantized one Q8_0 `[out, in]`, not the bytes that the file has.
    public List<TensorInfo> infos() {
        return leaves.values().stream().map(leaf -> new TensorInfo(leaf.name(), leaf.dtype(), leaf.shape())).toList();
    }

    /// Bytes that [#resident] allocates, because they are not in the file as they are needed; else 0.
    public long allocatedBytes() {
        return leaves.values().stream().filter(this::isMade).mapToLong(leaf -> leaf.type().bytes()).sum();
    }

    private boolean isMade(Leaf leaf) {
        return leaf.dtype() == DType.Q8_0 && !isStoredQuantized;
    }

    /// The tensors behind [#frozen], by name; they live until this is closed.
    ///
    /// @throws IOException if a weight cannot be quantized; says which
    public Map<String, Tensor> resident() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (Leaf leaf : leaves.values()) {
            Tensor made = quantized.get(leaf.name());
            if (made == null) {
                made = tensor(leaf.name(), arena);
                if (isMade(leaf)) {
                    quantized.put(leaf.name(), made);
                }
            }
            tensors.put(leaf.name(), made);
        }
        return tensors;
    }

    /// One weight: mapped, or made in `arena` if it has to be quantized.
    ///
    /// @throws IOException as [#resident]
    public Tensor tensor(String name, Arena arena) throws IOException {
        Leaf leaf = leaves.get(name);
        Tensor stored = checkpoint.tensor(name);
        if (!isMade(leaf)) {
            return new Tensor(leaf.dtype(), leaf.shape(), stored.data());
        }
        Tensor blocks = Tensor.allocate(arena, DType.Q8_0, leaf.shape());
        if (quantizer == null) {
            quantizer = new Quantizer();
        }
        try {
            quantizer.quantize(stored, blocks);
        } catch (ArithmeticException e) {
            throw new IOException(directory + ": \"" + name + "\": " + e.getMessage(), e);
        }
        return blocks;
    }

    /// A hash of every byte of every tensor in the files, in the order of their names: 16 hexadecimal digits. All of it is read, once.
    public String contentHash() throws IOException {
        if (contentHash == null) {
            long hash = 0;
            try (ContentHash content = new ContentHash()) {
                for (String name : new TreeSet<>(checkpoint.names())) {
                    hash = Long.rotateLeft(hash, 7) * 31 + content.of(checkpoint.tensor(name).data());
                }
            }
            checkpoint.verifyUnchanged();
            contentHash = HexFormat.of().toHexDigits(hash);
        }
        return contentHash;
    }

    @Override
    public void close() throws IOException {
        if (quantizer != null) {
            quantizer.close();
        }
        arena.close();
        checkpoint.close();
    }
}

package llams.engine.llama;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.graph.TensorType;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// A model directory, opened: its configuration, and its weights mapped from the file. Nothing is copied.
public final class LlamaWeights implements AutoCloseable {
    public final Path directory;
    public final LlamaConfig config;
    public final Checkpoint checkpoint;
    private final Map<String, Leaf> leaves = new LinkedHashMap<>();

    private LlamaWeights(Path directory, LlamaConfig config, Checkpoint checkpoint) {
        this.directory = directory;
        this.config = config;
        this.checkpoint = checkpoint;
    }

    /// Opens `config.json` and the weights, and checks that every weight of the model is there in its shape.
    ///
    /// @throws IOException if a file is missing or damaged, or the weights are not those of the config; says which
    public static LlamaWeights open(Path directory) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new NoSuchFileException(directory.toString(), null,
                    "no such directory; a model is a directory with config.json and model.safetensors");
        }
        LlamaConfig config = LlamaConfig.read(directory);
        LlamaWeights weights = new LlamaWeights(directory, config, Checkpoint.open(directory));
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
        if (!checkpoint.shape(name).equals(shape)) {
            throw new IOException("\"" + name + "\" is " + checkpoint.shape(name) + ", not " + shape);
        }
        if (!dtype.isWeight()) {
            throw new IOException("\"" + name + "\" is " + dtype + ", not F32, BF16 or F16");
        }
        return new Leaf(Leaf.Kind.WEIGHT, name, new TensorType(dtype, shape));
    }

    /// The weights as frozen leaves, in the file's types.
    public Parameters frozen() {
        return (name, dims) -> leaves.get(name);
    }

    /// The model without adapters.
    public Llama model() {
        return Llama.of(config, frozen(), Llama.Wrap.NONE);
    }

    /// The tensors behind [#frozen], by name; they live until this is closed.
    public Map<String, Tensor> resident() throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : leaves.keySet()) {
            tensors.put(name, checkpoint.tensor(name));
        }
        return tensors;
    }

    @Override
    public void close() throws IOException {
        checkpoint.close();
    }
}

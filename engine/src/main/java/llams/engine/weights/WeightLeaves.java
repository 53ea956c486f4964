package llams.engine.weights;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.Leaf;
import llams.engine.graph.TensorType;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;

/// The weights of an open model as frozen leaves, in the types that they have here.
///
/// @param leaves by name
/// @param made   names of those that are quantized here, and not stored so
record WeightLeaves(Map<String, Leaf> leaves, Set<String> made) {
    /// Finds every weight of the model.
    ///
    /// @param config as the weights are here
    /// @param stored the quantization in which the checkpoint has them; null for none
    /// @throws IOException if one is missing, or has another shape or type; says which
    static WeightLeaves find(Path directory, LlamaConfig config, Quantization stored, Checkpoint checkpoint,
            boolean isGguf) throws IOException {
        WeightLeaves found = new WeightLeaves(new LinkedHashMap<>(), new HashSet<>());
        Quantization used = Quantization.of(config.metadata().quantization());
        List<String> wrong = new ArrayList<>();
        Llama.of(config, (name, dims) -> {
            Leaf leaf = Leaf.weight(name, DType.F32, dims);
            try {
                leaf = found.leaf(name, Shape.of(dims), stored, used, checkpoint, isGguf);
            } catch (IOException e) {
                wrong.add(e.getMessage());
            }
            found.leaves.put(name, leaf);
            return leaf;
        }, Llama.Wrap.NONE);
        if (!wrong.isEmpty()) {
            String more = wrong.size() > 4 ? "; and " + (wrong.size() - 4) + " more" : "";
            throw new IOException(directory + ": the weights do not fit " + (isGguf ? "its sizes: " : "config.json: ")
                    + String.join("; ", wrong.subList(0, Math.min(4, wrong.size()))) + more);
        }
        return found;
    }

    private Leaf leaf(String name, Shape shape, Quantization stored, Quantization used, Checkpoint checkpoint,
            boolean isGguf) throws IOException {
        if (!checkpoint.has(name)) {
            throw new IOException("\"" + name + "\" is missing"
                    + (name.equals(Llama.HEAD)
                            ? " (a head that is the embedding needs \"tie_word_embeddings\": true)"
                            : ""));
        }
        DType dtype = checkpoint.dtype(name);
        boolean isBytes = stored != null && dtype == DType.U8 && stored.isFor(name, shape);
        Shape wanted = isBytes ? stored.stored(shape) : shape;
        if (!checkpoint.shape(name).equals(wanted)) {
            throw new IOException("\"" + name + "\" is " + checkpoint.shape(name) + ", not " + wanted);
        }
        if (!isBytes && !dtype.isWeight()) {
            throw new IOException("\"" + name + "\" is " + dtype
                    + (isGguf ? ", which is no type of weights" : ", not F32, BF16 or F16"));
        }
        boolean isMade = !isBytes && used != null && stored == null && used.isFor(name, shape);
        if (isMade) {
            made.add(name);
        }
        boolean isQuantized = isBytes || isMade;
        return new Leaf(Leaf.Kind.WEIGHT, name, new TensorType(isQuantized ? used.dtype : dtype, shape));
    }

    /// The leaves for a model in the making; one with another name or shape is refused.
    ///
    /// @param directory for messages
    Parameters frozen(Path directory) {
        return (name, dims) -> {
            Leaf leaf = leaves.get(name);
            if (leaf == null) {
                throw new IllegalArgumentException(directory + ": the model has no weight \"" + name + "\"");
            }
            Shape wanted = Shape.of(dims);
            if (!leaf.shape().equals(wanted)) {
                throw new IllegalArgumentException(
                        directory + ": \"" + name + "\" is " + leaf.shape() + ", not " + wanted);
            }
            return leaf;
        };
    }
}

package llams.bench;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.KnownShapes;

/// A model of a known shape with random weights in memory.
///
/// @param dtype   of the matrices; where rows are not whole blocks of it, and in the norms of a quantized model, F32
/// @param tensors by leaf name
record RandomModel(LlamaConfig config, DType dtype, Map<String, Tensor> tensors) {
    private static final Map<String, LlamaConfig> SHAPES = Map.of("60M", shape(512, 1536, 8, 8, 4, 32_000, false), "1B",
            KnownShapes.BY_NAME.get("llama3.2-1b"), "tiny", shape(64, 176, 3, 8, 2, 512, false));

    private static LlamaConfig shape(int dim, int hiddenDim, int layers, int heads, int kvHeads, int vocab,
            boolean tied) {
        return LlamaConfig.standard(dim, hiddenDim, layers, heads, kvHeads, vocab).withTied(tied);
    }

    /// @throws IllegalArgumentException if there is no shape of this name
    static LlamaConfig config(String name) {
        LlamaConfig config = SHAPES.get(name);
        if (config == null) {
            throw new IllegalArgumentException("model \"" + name + "\" is not known; there are " + SHAPES.keySet());
        }
        return config;
    }

    static RandomModel create(Arena arena, LlamaConfig config, DType dtype) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Llama.of(config, (name, dims) -> {
            if (!tensors.containsKey(name)) {
                Tensor tensor = Tensor.allocate(arena, typeOf(dtype, dims), Shape.of(dims));
                CounterRandom random = CounterRandom.named(0, name);
                boolean isNorm = name.endsWith("norm.weight");
                RandomFill.fill(tensor,
                        i -> isNorm ? 1 : (float) (config.metadata().initializerRange() * random.gaussian(i)));
                tensors.put(name, tensor);
            }
            return Leaf.weight(name, typeOf(dtype, dims), dims);
        }, Llama.Wrap.NONE);
        return new RandomModel(config, dtype, tensors);
    }

    private static DType typeOf(DType dtype, long... dims) {
        boolean isPossible = dtype.blockElements == 1
                || dims.length > 1 && dims[dims.length - 1] % dtype.blockElements == 0;
        return isPossible ? dtype : DType.F32;
    }

    /// The same widths with one layer and few words: small enough for the plain loops.
    static LlamaConfig small(LlamaConfig c) {
        return new LlamaConfig(c.dim(), c.hiddenDim(), 1, c.heads(), c.kvHeads(), c.headDim(), 256, c.normEps(),
                c.ropeTheta(), c.ropeScaling(), c.maxPositions(), c.tied(), c.metadata());
    }

    Parameters frozen() {
        return (name, dims) -> Leaf.weight(name, typeOf(dtype, dims), dims);
    }

    Llama model() {
        return Llama.of(config, frozen(), Llama.Wrap.NONE);
    }

    /// Weights that multiply: all but the table in which ids are looked up, but with the head that may be the same one.
    static double multipliedWeights(LlamaConfig c) {
        double attention = 2.0 * c.dim() * c.heads() * c.headDim() + 2.0 * c.dim() * c.kvHeads() * c.headDim();
        return c.layers() * (attention + 3.0 * c.dim() * c.hiddenDim()) + (double) c.vocab() * c.dim();
    }

    /// Additions and multiplications of all layers' causal attention over one document.
    static double attentionFlops(LlamaConfig c, int tokens) {
        return c.layers() * 4.0 * c.heads() * c.headDim() * (tokens * (tokens + 1.0) / 2);
    }

    static int[] ids(int count, int vocab) {
        CounterRandom random = new CounterRandom(7, 0);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.below(vocab, i);
        }
        return ids;
    }
}

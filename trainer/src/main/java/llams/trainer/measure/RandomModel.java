package llams.trainer.measure;

import java.lang.foreign.Arena;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.IntStream;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.KnownShapes;
import llams.engine.weights.Quantization;
import llams.trainer.data.Document;
import llams.trainer.data.PackedSequence;
import llams.trainer.run.MicroBatch;
import llams.trainer.run.TrainSettings;

/// A model of a known shape with random weights in memory.
///
/// @param dtype   of the matrices; where rows are not whole blocks of it, and in the norms of a quantized model, F32;
///                embedding and head of a model in NF4 are BF16
/// @param tensors by leaf name
public record RandomModel(LlamaConfig config, DType dtype, Map<String, Tensor> tensors) {
    private static final Map<String, LlamaConfig> SHAPES = Map.of("60M", shape(512, 1536, 8, 8, 4, 32_000, false), "1B",
            KnownShapes.BY_NAME.get("llama3.2-1b"), "tiny", shape(64, 176, 3, 8, 2, 512, false));

    private static LlamaConfig shape(int dim, int hiddenDim, int layers, int heads, int kvHeads, int vocab,
            boolean tied) {
        return LlamaConfig.standard(dim, hiddenDim, layers, heads, kvHeads, vocab).withTied(tied);
    }

    /// @throws IllegalArgumentException if there is no shape of this name
    public static LlamaConfig config(String name) {
        LlamaConfig config = SHAPES.get(name);
        if (config == null) {
            throw new IllegalArgumentException("model \"" + name + "\" is not known; there are " + SHAPES.keySet());
        }
        return config;
    }

    public static RandomModel create(Arena arena, LlamaConfig config, DType dtype) {
        return new RandomModel(config, dtype, tensors(arena, config, frozen(dtype)));
    }

    /// Random numbers for every leaf, by name.
    static Map<String, Tensor> tensors(Arena arena, LlamaConfig config, Parameters leaves) {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Llama.of(config, (name, dims) -> {
            Leaf leaf = leaves.leaf(name, dims);
            tensors.computeIfAbsent(name, key -> {
                Tensor tensor = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
                CounterRandom random = CounterRandom.named(0, name);
                boolean isNorm = name.endsWith("norm.weight");
                RandomFill.fill(tensor,
                        i -> isNorm ? 1 : (float) (config.metadata().initializerRange() * random.gaussian(i)));
                return tensor;
            });
            return leaf;
        }, Llama.Wrap.NONE);
        return tensors;
    }

    /// Weights of a type where their rows are whole blocks of it, else F32.
    public static Parameters frozen(DType dtype) {
        return dtype == DType.NF4
                ? (name, dims) -> Leaf.weight(name, Quantization.NF4.isFor(name, Shape.of(dims)) ? dtype : DType.BF16,
                        dims)
                : wholeBlocks(dtype);
    }

    private static Parameters wholeBlocks(DType dtype) {
        return (name, dims) -> {
            boolean isPossible = dtype.blockElements == 1
                    || dims.length > 1 && dims[dims.length - 1] % dtype.blockElements == 0;
            return Leaf.weight(name, isPossible ? dtype : DType.F32, dims);
        };
    }

    /// The same with embedding and head in F32.
    static Parameters withTables(DType dtype) {
        return (name, dims) -> name.equals(Llama.EMBEDDING) || name.equals(Llama.HEAD)
                ? Leaf.weight(name, DType.F32, dims)
                : frozen(dtype).leaf(name, dims);
    }

    /// The model with weights that do not change.
    static Llama frozen(LlamaConfig config, DType dtype) {
        return Llama.of(config, frozen(dtype), Llama.Wrap.NONE);
    }

    /// A model of which every weight is trained.
    record Trained(Llama model, List<Leaf> leaves) {}

    static Trained trained(LlamaConfig config, DType dtype) {
        Set<Leaf> leaves = new LinkedHashSet<>();
        Llama model = Llama.of(config, (name, dims) -> {
            Leaf leaf = Leaf.state(name, dtype, dims);
            leaves.add(leaf);
            return leaf;
        }, Llama.Wrap.NONE);
        return new Trained(model, List.copyOf(leaves));
    }

    /// The same widths with one layer and a small vocabulary: small enough for the reference device.
    public static LlamaConfig small(LlamaConfig c) {
        return new LlamaConfig(c.dim(), c.hiddenDim(), 1, c.heads(), c.kvHeads(), c.headDim(), 256, c.normEps(),
                c.ropeTheta(), c.ropeScaling(), c.maxPositions(), c.tied(), c.metadata());
    }

    public Generator generator(Device device, int capacity) {
        return new Generator(device, frozen(config, dtype), tensors, capacity);
    }

    /// Weights that multiply: all but the table in which ids are looked up, but with the head that may be the same one.
    public static double multipliedWeights(LlamaConfig c) {
        double attention = 2.0 * c.dim() * c.heads() * c.headDim() + 2.0 * c.dim() * c.kvHeads() * c.headDim();
        return c.layers() * (attention + 3.0 * c.dim() * c.hiddenDim()) + (double) c.vocab() * c.dim();
    }

    /// Additions and multiplications of all layers' causal attention over one document.
    public static double attentionFlops(LlamaConfig c, int tokens) {
        return c.layers() * 4.0 * c.heads() * c.headDim() * (tokens * (tokens + 1.0) / 2);
    }

    public static int[] ids(int count, int vocab) {
        CounterRandom random = new CounterRandom(7, 0);
        int[] ids = new int[count];
        for (int i = 0; i < count; i++) {
            ids[i] = random.below(vocab, i);
        }
        return ids;
    }

    /// A micro-batch whose documents have all `tokens` of the settings.
    ///
    /// @param counted share of them that counts: the last ones, as those of an answer
    public static MicroBatch batch(TrainSettings settings, int vocab, double counted) {
        int tokens = settings.tokens();
        int prompt = tokens - Math.clamp(Math.round(counted * tokens), 1, tokens);
        int documents = settings.objective().isOfPairs() ? 2 : 1;
        int[] ids = ids(settings.batch() * documents * tokens + 1, vocab);
        int[] position = IntStream.range(0, tokens).toArray();
        List<PackedSequence> all = IntStream.range(0, settings.batch() * documents)
                .map(document -> document * tokens)
                .mapToObj(from -> {
                    int[] labels = Arrays.copyOfRange(ids, from + 1, from + tokens + 1);
                    Arrays.fill(labels, 0, prompt, Document.IGNORED);
                    return new PackedSequence(Arrays.copyOfRange(ids, from, from + tokens), position, new int[tokens],
                            labels);
                })
                .toList();
        return MicroBatch.of(IntStream.range(0, settings.batch())
                .mapToObj(row -> PackedSequence.concat(all.subList(row * documents, (row + 1) * documents)))
                .toList());
    }
}

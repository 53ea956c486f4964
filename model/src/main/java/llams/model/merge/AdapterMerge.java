package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.model.lora.Modules;
import llams.model.merge.parts.Floats;
import tools.jackson.databind.node.ObjectNode;

/// Folds a LoRA adapter into the weights: `W + scale (B A)` in f32, of DoRA with its rows' own lengths, rounded to the
/// weights' type once. Quantized weights are widened for it, and the result has them in the type of the model's norms. Modules that were trained whole replace the base's; a head that is no longer the table of tokens
/// gets a weight of its own.
///
/// Works row by row, so it needs memory for the adapter and a few rows only.
public final class AdapterMerge {
    /// What is added to a weight `[out, in]`.
    ///
    /// @param a          `[rank, in]`
    /// @param b          `[out, rank]`
    /// @param magnitudes the lengths that the rows of the sum get, `[out]`; null to leave them
    private record Target(Tensor a, Tensor b, float scale, Tensor magnitudes) {}

    /// Of rank 0.
    private static final Target NOTHING = new Target(null, null, 0, null);

    private AdapterMerge() {}

    /// Merges the model in `base` and the adapter in `adapter` into a new model directory, complete with the base's
    /// tokenizer, or the adapter's if it brought one.
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws IOException if a model cannot be read, they do not fit together or `out` cannot be written; says which
    public static MergeReport merge(Path base, Path adapter, Path out, ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        ModelDirectory.check(base);
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(base)) {
            Adapter lora = AdapterFiles.read(adapter, weights, arena);
            AdapterFiles.checkBase(adapter, weights);
            try (OutputDirectory output = OutputDirectory.create(out)) {
                Changes changes = Changes.of(arena, lora, weights.config);
                MergeReport report = write(weights, changes, output.path(), progress);
                AtomicFiles.write(output.path().resolve("config.json"), configJson(weights, changes.unties));
                List<String> files = new ArrayList<>(ModelFiles.copyAll(base, output.path()));
                for (String file : ModelFiles.copyAll(adapter, output.path())) {
                    if (!files.contains(file)) {
                        files.add(file);
                    }
                }
                ModelCard.of(ModelCard.Kind.MERGED, "lora",
                        "The adapter is folded into the base's weights, W + scale (B A), computed in F32 and rounded once"
                                + " to the base's types.",
                        Parent.of("base", base), Parent.of("adapter", adapter)).write(output.path());
                output.commit();
                List<String> notes = Stream.concat(weights.notes.stream(), lora.notes().stream()).toList();
                return new MergeReport(report.merged(), report.copied(), report.bytes(), files, List.of(), notes);
            }
        }
    }

    /// Bytes that a merge needs besides the mapped weights: above all the adapter in F32.
    public static long memoryBytes(LlamaConfig model, LoraLayout adapter) {
        long all = 0;
        long longestRow = 0;
        long largest = 0;
        for (Shape shape : Adapter.shapes(adapter, model).values()) {
            all += shape.elements();
            longestRow = Math.max(longestRow, shape.dim(-1));
            largest = Math.max(largest, shape.elements());
        }
        return Float.BYTES * (all + largest + longestRow)
                + Floats.bytes(Math.toIntExact(Math.max(Floats.CAPACITY, longestRow)));
    }

    private static byte[] configJson(LlamaWeights base, boolean unties) throws IOException {
        if (!unties) {
            return QuantizedModel.plainConfig(base);
        }
        ObjectNode json = (ObjectNode) Json.parse("config.json", QuantizedModel.plainConfig(base));
        json.put("tie_word_embeddings", false);
        return (json.toPrettyString() + "\n").getBytes(StandardCharsets.UTF_8);
    }

    /// What an adapter does to a base.
    ///
    /// @param targets by the name of the weight
    /// @param copies  what replaces weights, F32, by their names
    /// @param unties  whether the head gets a weight of its own
    private record Changes(Map<String, Target> targets, Map<String, Tensor> copies, boolean unties) {
        static Changes of(Arena arena, Adapter adapter, LlamaConfig model) {
            Map<String, Target> targets = new HashMap<>();
            Map<String, Tensor> copies = new HashMap<>();
            adapter.layout().parts().forEach((module, part) -> {
                boolean isTable = module.equals(Modules.EMBEDDING);
                Tensor a = isTable ? Adapter.turned(arena, adapter.b(module)) : adapter.a(module);
                Tensor b = isTable ? adapter.a(module) : adapter.b(module);
                targets.put(Adapter.weightName(module), new Target(a, b, part.scale(), adapter.magnitudes(module)));
            });
            for (String module : adapter.layout().form().saved()) {
                copies.put(Adapter.weightName(module), adapter.copy(module));
            }
            if (adapter.layout().form().tying()) {
                // A tied model may have its table a second time.
                targets.computeIfAbsent(Llama.HEAD, _ -> targets.get(Llama.EMBEDDING));
                copies.computeIfAbsent(Llama.HEAD, _ -> copies.get(Llama.EMBEDDING));
            }
            return new Changes(targets, copies, adapter.layout().unties(model));
        }

        boolean change(String name) {
            return targets.containsKey(name) || copies.containsKey(name);
        }
    }

    private static MergeReport write(LlamaWeights base, Changes changes, Path directory, ByteProgress progress)
            throws IOException {
        Checkpoint model = base.checkpoint;
        Map<String, Tensor> weights = weights(base);
        boolean hasNewHead = changes.unties && !model.has(Llama.HEAD);
        if (hasNewHead) {
            weights.put(Llama.HEAD, weights.get(Llama.EMBEDDING));
        }
        List<TensorInfo> plan = new ArrayList<>();
        weights.forEach((name, weight) -> plan.add(new TensorInfo(name, type(weight, weights), weight.shape())));
        int merged = 0;
        try (MergeOutput output = new MergeOutput(directory, model, plan, progress)) {
            for (TensorInfo info : plan) {
                String name = info.name();
                model.verifyUnchanged();
                Tensor weight = weights.get(name);
                if (changes.targets.containsKey(name)) {
                    fold(output, name, weight, info.dtype(), changes.targets.get(name));
                } else if (changes.copies.containsKey(name)) {
                    fold(output, name, changes.copies.get(name), info.dtype(), NOTHING);
                } else if (weight.dtype().isInSafetensors()) {
                    output.copy(name, weight);
                } else {
                    fold(output, name, weight, info.dtype(), NOTHING);
                }
                merged += changes.change(name) || hasNewHead && name.equals(Llama.HEAD) ? 1 : 0;
                long beyond = output.end(name, Map.of("the base", weight));
                if (beyond > 0) {
                    throw new IOException("\"" + name + "\": " + beyond + " of " + weight.elements()
                            + " values of the result would be"
                            + " beyond what any type of weights holds; the adapter is probably damaged, or its"
                            + " training diverged");
                }
            }
            output.finish();
            return new MergeReport(merged, plan.size() - merged, output.totalBytes(), List.of(), List.of(), List.of());
        }
    }

    /// Every tensor of the files; quantized weights as such, not as bytes.
    private static Map<String, Tensor> weights(LlamaWeights base) throws IOException {
        Map<String, Tensor> weights = new LinkedHashMap<>();
        for (String name : base.checkpoint.names()) {
            weights.put(name, base.checkpoint.tensor(name));
        }
        for (Map.Entry<String, Tensor> weight : base.resident().entrySet()) {
            weights.replace(weight.getKey(), weight.getValue());
        }
        return weights;
    }

    /// The type of a tensor in the result.
    private static DType type(Tensor weight, Map<String, Tensor> weights) {
        return weight.dtype().isInSafetensors() ? weight.dtype() : weights.get(Llama.NORM).dtype();
    }

    /// `weight` `[out, in]`, `a` `[rank, in]`, `b` `[out, rank]`.
    private static void fold(MergeOutput output, String name, Tensor weight, DType type, Target target)
            throws IOException {
        int in = Math.toIntExact(weight.shape().dim(1));
        int rank = target == NOTHING ? 0 : Math.toIntExact(target.a.shape().dim(0));
        long rows = weight.shape().dim(0);
        int rowsAtOnce = (int) Math.clamp(Floats.CAPACITY / Math.max(1, in), 1, Math.max(1, rows));
        float[][] a = new float[rank][];
        for (int r = 0; r < rank; r++) {
            a[r] = new float[in];
            MemorySegment.copy(target.a.data(), Tensor.F32, 4L * r * in, a[r], 0, in);
        }
        float[] sum = new float[in];
        try (Arena arena = Arena.ofConfined()) {
            Floats part = new Floats(arena, rowsAtOnce * in);
            for (long row = 0; row < rows; row += rowsAtOnce) {
                int count = (int) Math.min(rowsAtOnce, rows - row);
                part.read(weight, row * in, count * in);
                for (int i = 0; i < count; i++) {
                    Arrays.fill(sum, 0);
                    for (int r = 0; r < rank; r++) {
                        addScaled(sum, 0, target.b.getFloat((row + i) * rank + r), a[r]);
                    }
                    addScaled(part.values, i * in, target.scale, sum);
                    if (target.magnitudes != null) {
                        lengthen(part.values, i * in, in, target.magnitudes.getFloat(row + i));
                    }
                }
                output.append(name, part.rounded(type, count * in));
            }
        }
    }

    /// Gives `in` numbers from `begin` on, as a vector, another length.
    private static void lengthen(float[] y, int begin, int in, float length) {
        double squares = 0;
        for (int i = begin; i < begin + in; i++) {
            squares += (double) y[i] * y[i];
        }
        double factor = length / Math.sqrt(squares);
        for (int i = begin; i < begin + in; i++) {
            y[i] = (float) (y[i] * factor);
        }
    }

    /// `y[begin + i] += factor x[i]`.
    private static void addScaled(float[] y, int begin, float factor, float[] x) {
        for (int i = 0; i < x.length; i++) {
            y[begin + i] += factor * x[i];
        }
    }
}

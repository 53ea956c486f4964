package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Llama;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.files.ModelFiles;
import llams.model.files.OutputDirectory;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.model.merge.parts.Floats;

/// Folds a LoRA adapter into the weights: `W + scale (B A)` in f32, rounded to the weights' type once. Quantized weights
/// are widened for it, and the result has them in the type of the model's norms.
///
/// Works row by row, so it needs memory for the adapter and a few rows only.
public final class AdapterMerge {
    private record Target(Tensor a, Tensor b, float scale) {}

    /// Of rank 0.
    private static final Target NOTHING = new Target(null, null, 0);

    private AdapterMerge() {}

    /// Merges the model in `base` and the adapter in `adapter` into a new model directory, complete with the base's
    /// tokenizer, or the adapter's if it brought one.
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws IOException if a model cannot be read, they do not fit together or `out` cannot be written; says which
    public static MergeReport merge(Path base, Path adapter, Path out, ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(base)) {
            Adapter lora = AdapterFiles.read(adapter, weights, arena);
            AdapterFiles.checkBase(adapter, weights);
            try (OutputDirectory output = OutputDirectory.create(out)) {
                MergeReport report = write(weights, lora, output.path(), progress);
                AtomicFiles.write(output.path().resolve("config.json"), QuantizedModel.plainConfig(weights));
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
            longestRow = Math.max(longestRow, shape.dim(1));
            largest = Math.max(largest, shape.elements());
        }
        return Float.BYTES * (all + largest + longestRow)
                + Floats.bytes(Math.toIntExact(Math.max(Floats.CAPACITY, longestRow)));
    }

    private static MergeReport write(LlamaWeights base, Adapter adapter, Path directory, ByteProgress progress)
            throws IOException {
        Map<String, Target> targets = new HashMap<>();
        for (int layer = 0; layer < base.config.layers(); layer++) {
            for (ProjectionName projection : ProjectionName.values()) {
                LoraLayout.Part part = adapter.layout().part(layer, projection);
                if (part != null) {
                    targets.put(Adapter.weightName(layer, projection),
                            new Target(adapter.a(layer, projection), adapter.b(layer, projection), part.scale()));
                }
            }
        }
        int merged = 0;
        Map<String, Tensor> weights = weights(base);
        try (MergeOutput output = new MergeOutput(directory, base.checkpoint, plan(weights), progress)) {
            for (String name : base.checkpoint.names()) {
                base.checkpoint.verifyUnchanged();
                Tensor weight = weights.get(name);
                Target target = targets.get(name);
                if (target != null) {
                    fold(output, name, weight, type(weight, weights), target);
                    merged++;
                } else if (weight.dtype().isInSafetensors()) {
                    output.copy(name, weight);
                } else {
                    fold(output, name, weight, type(weight, weights), NOTHING);
                }
                long beyond = output.end(name, Map.of("the base", weight));
                if (beyond > 0) {
                    throw new IOException("\"" + name + "\": " + beyond + " of " + weight.elements()
                            + " values of the result would be"
                            + " beyond what any type of weights holds; the adapter is probably damaged, or its"
                            + " training diverged");
                }
            }
            output.finish();
            return new MergeReport(merged, base.checkpoint.names().size() - merged, output.totalBytes(), List.of(),
                    List.of(), List.of());
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

    private static List<TensorInfo> plan(Map<String, Tensor> weights) {
        return weights.entrySet()
                .stream()
                .map(weight -> new TensorInfo(weight.getKey(), type(weight.getValue(), weights),
                        weight.getValue().shape()))
                .toList();
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
                }
                output.append(name, part.rounded(type, count * in));
            }
        }
    }

    /// `y[begin + i] += factor x[i]`.
    private static void addScaled(float[] y, int begin, float factor, float[] x) {
        for (int i = 0; i < x.length; i++) {
            y[begin + i] += factor * x[i];
        }
    }
}

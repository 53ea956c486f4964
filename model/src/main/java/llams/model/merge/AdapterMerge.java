package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
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
import llams.model.merge.parts.Floats;
import tools.jackson.databind.node.ObjectNode;

/// Folds a LoRA adapter into the weights: `W + scale (B A)` in f32, of DoRA with its rows' own lengths, rounded to the
/// weights' type once. Quantized weights are widened for it, and the result has them in the type of the model's norms. Modules that were trained whole replace the base's; a head that is no longer the table of tokens
/// gets a weight of its own.
///
/// Works row by row, so it needs memory for the adapter and a few rows only.
public final class AdapterMerge {
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
                FoldedModel folded = new FoldedModel(weights, lora, arena);
                MergeReport report = write(weights, folded, output.path(), progress);
                AtomicFiles.write(output.path().resolve("config.json"), configJson(weights, folded.unties));
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

    private static MergeReport write(LlamaWeights base, FoldedModel folded, Path directory, ByteProgress progress)
            throws IOException {
        Checkpoint model = base.checkpoint;
        Map<String, Tensor> weights = folded.before;
        List<TensorInfo> plan = new ArrayList<>();
        weights.forEach((name, weight) -> plan.add(new TensorInfo(name, type(weight, weights), weight.shape())));
        int merged = 0;
        try (MergeOutput output = new MergeOutput(directory, model, plan, progress)) {
            for (TensorInfo info : plan) {
                String name = info.name();
                model.verifyUnchanged();
                Tensor weight = weights.get(name);
                if (!folded.changes(name) && weight.dtype().isInSafetensors()) {
                    output.copy(name, weight);
                } else {
                    fold(output, name, folded.rows(name), info.dtype());
                }
                merged += folded.changes(name) || !model.has(name) ? 1 : 0;
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

    /// The type of a tensor in the result.
    private static DType type(Tensor weight, Map<String, Tensor> weights) {
        return weight.dtype().isInSafetensors() ? weight.dtype() : weights.get(Llama.NORM).dtype();
    }

    private static void fold(MergeOutput output, String name, FoldedModel.Rows rows, DType type) throws IOException {
        int atOnce = (int) Math.clamp(Floats.CAPACITY / Math.max(1, rows.length), 1, Math.max(1, rows.count));
        try (Arena arena = Arena.ofConfined()) {
            Floats part = new Floats(arena, atOnce * rows.length);
            for (long row = 0; row < rows.count; row += atOnce) {
                int count = (int) Math.min(atOnce, rows.count - row);
                rows.read(part, row, count);
                output.append(name, part.rounded(type, count * rows.length));
            }
        }
    }
}

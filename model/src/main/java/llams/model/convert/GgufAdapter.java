package llams.model.convert;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.gguf.GgufNames;
import llams.engine.gguf.GgufValue;
import llams.engine.gguf.GgufWriter;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.card.GgufOrigin;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.model.lora.Modules;

/// Writes a LoRA adapter as a GGUF file, which llama.cpp puts on a model with `--lora`. Matrices stay F32. The format has
/// one strength for all modules: where they differ, a module's B is multiplied by what its own has more.
public final class GgufAdapter {
    /// What was done.
    ///
    /// @param modules number of modules with an adapter
    /// @param bytes   of all tensors
    public record Report(int modules, long bytes, List<String> notes) {}

    private GgufAdapter() {}

    /// Writes the adapter in `adapter`, which is for the model in `model`.
    ///
    /// @param out the file, which appears when all is done
    /// @throws IOException if a file cannot be read or written, or the adapter is of a kind that the format does not have:
    ///                     DoRA, or modules trained whole
    public static Report write(Path model, Path adapter, Path out) throws IOException {
        GgufExport.checkNew(out);
        try (LlamaWeights weights = LlamaWeights.open(model); Arena arena = Arena.ofConfined()) {
            Adapter lora = AdapterFiles.read(adapter, weights, arena);
            AdapterFiles.checkBase(adapter, weights);
            LoraLayout layout = lora.layout();
            check(adapter, layout, weights.config);
            double alpha = layout.usual().alpha();
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            layout.parts().forEach((module, part) -> {
                String name = GgufNames.inFile(Adapter.weightName(module));
                // Readers multiply by alpha / rank.
                float more = (float) (part.scale() * part.rank() / alpha);
                boolean isTable = module.equals(Modules.EMBEDDING);
                Tensor b = isTable ? lora.b(module) : placed(arena, module, lora.b(module), weights.config);
                tensors.put(name + ".lora_a", lora.a(module));
                tensors.put(name + ".lora_b", more == 1 ? b : multiplied(arena, b, more));
            });
            return write(adapter, out, alpha, tensors, lora.notes());
        }
    }

    private static void check(Path adapter, LoraLayout layout, LlamaConfig config) throws IOException {
        String problem = null;
        if (layout.form().dora()) {
            problem = "a DoRA adapter";
        } else if (!layout.form().saved().isEmpty()) {
            problem = "an adapter with modules that were trained whole";
        } else if (config.tied() && Modules.ENDS.stream().anyMatch(layout.parts()::containsKey)) {
            problem = "an adapter for the table of tokens of a model whose head it is, too,";
        }
        if (problem != null) {
            throw new IOException(adapter + ": " + problem + " has no form in GGUF; fold it into its model instead");
        }
    }

    private static Report write(Path adapter, Path out, double alpha, Map<String, Tensor> tensors, List<String> notes)
            throws IOException {
        Map<String, GgufValue> metadata = new LinkedHashMap<>();
        metadata.put("general.architecture", GgufValue.of("llama"));
        metadata.put("general.type", GgufValue.of("adapter"));
        metadata.put("general.name", GgufValue.of(adapter.toAbsolutePath().normalize().getFileName().toString()));
        metadata.putAll(GgufOrigin.values(adapter));
        metadata.put("general.file_type", GgufValue.of(GgufForm.F32.number));
        metadata.put("adapter.type", GgufValue.of("lora"));
        metadata.put("adapter.lora.alpha", GgufValue.of((float) alpha));
        List<TensorInfo> plan = new ArrayList<>();
        tensors.forEach((name, tensor) -> plan.add(new TensorInfo(name, DType.F32, tensor.shape())));
        try (GgufWriter writer = GgufWriter.create(out, metadata, plan)) {
            for (Map.Entry<String, Tensor> tensor : tensors.entrySet()) {
                writer.append(tensor.getKey(), tensor.getValue().data());
            }
            writer.finish();
        }
        return new Report(plan.size() / 2, plan.stream().mapToLong(TensorInfo::bytes).sum(), notes);
    }

    /// A projection's B `[out, rank]` with its rows in the file's order.
    private static Tensor placed(Arena arena, String module, Tensor b, LlamaConfig config) {
        if (!GgufNames.isReordered(Adapter.weightName(module))) {
            return b;
        }
        Tensor placed = Tensor.allocate(arena, DType.F32, b.shape());
        long rowBytes = DType.F32.bytes(b.shape().dim(1));
        for (long row = 0; row < b.shape().dim(0); row++) {
            placed.data()
                    .asSlice(row * rowBytes, rowBytes)
                    .copyFrom(b.data().asSlice(GgufNames.rowInCheckpoint(row, config) * rowBytes, rowBytes));
        }
        return placed;
    }

    private static Tensor multiplied(Arena arena, Tensor tensor, float factor) {
        Tensor product = Tensor.allocate(arena, DType.F32, tensor.shape());
        for (long i = 0; i < tensor.elements(); i++) {
            product.setFloat(i, tensor.getFloat(i) * factor);
        }
        return product;
    }
}

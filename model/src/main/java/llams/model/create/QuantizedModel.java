package llams.model.create;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.io.AtomicFiles;
import llams.engine.io.Json;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.ModelDirectory;
import llams.engine.weights.Quantization;
import llams.model.card.ModelCard;
import llams.model.card.Parent;
import llams.model.files.ByteProgress;
import llams.model.files.ModelFiles;
import llams.model.files.NonFinite;
import llams.model.files.OutputDirectory;
import llams.model.lora.BaseFingerprint;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Writes a model with quantized matrices: in Q8_0 half of BF16's size, in NF4 a quarter. See [Quantization] for the
/// form.
public final class QuantizedModel {
    private static final long PART_BYTES = 8 << 20;

    /// What was done.
    ///
    /// @param quantized number of matrices
    /// @param kept      names of the matrices that are not: in Q8_0 those whose rows are not whole blocks, in NF4
    ///                  embedding and head
    /// @param bytes     of all tensors now
    /// @param before    of all tensors before
    /// @param files     copied beside weights and config
    /// @param notes     as [LlamaWeights#notes]
    public record Report(int quantized, List<String> kept, long bytes, long before, List<String> files,
            List<String> notes) {}

    private QuantizedModel() {}

    /// Quantizes the model in `model` into a new directory, one tensor at a time. Tensors that are not the model's are
    /// left out.
    ///
    /// @param out must not exist, or be empty; it appears when all is done
    /// @throws IOException if the model cannot be read, is quantized already or cannot be, or `out` cannot be written;
    ///     says which
    public static Report write(Path model, Path out, Quantization form, ByteProgress progress) throws IOException {
        OutputDirectory.check(out);
        ModelDirectory.check(model);
        LlamaConfig config = ConfigJson.read(model);
        if (config.metadata().quantization() != null) {
            throw new IOException(
                    model + ": its weights are quantized already (" + config.metadata().quantization() + ")");
        }
        try (LlamaWeights weights = LlamaWeights.openQuantized(model, form);
                OutputDirectory output = OutputDirectory.create(out)) {
            List<TensorInfo> infos = weights.infos();
            List<String> kept = new ArrayList<>();
            Map<String, TensorInfo> plan = new LinkedHashMap<>();
            for (TensorInfo info : infos) {
                boolean isQuantized = info.dtype() == form.dtype;
                if (!isQuantized && info.shape().rank() > 1) {
                    kept.add(info.name());
                }
                plan.put(info.name(),
                        isQuantized ? new TensorInfo(info.name(), DType.U8, form.stored(info.shape())) : info);
            }
            writeWeights(weights, output.path(), plan, progress);
            List<String> files = ModelFiles.copyAll(model, output.path());
            AtomicFiles.write(output.path().resolve("config.json"), config(weights, form, kept));
            ModelCard
                    .of(ModelCard.Kind.QUANTIZED, form.method(),
                            description(form) + " They are stored as bytes, which other programs do not read.",
                            Parent.of("original", model))
                    .write(output.path());
            output.commit();
            int quantized = (int) infos.stream().filter(info -> info.dtype() == form.dtype).count();
            long bytes = infos.stream().mapToLong(TensorInfo::bytes).sum();
            return new Report(quantized, List.copyOf(kept), bytes, weights.checkpoint.bytes(), files, weights.notes);
        }
    }

    private static String description(Quantization form) {
        return switch (form) {
            case Q8_0 -> "The matrices are quantized to Q8_0: blocks of 32 whole numbers with a scale each, bit for bit"
                    + " as in GGML.";
            case NF4 -> "The projections are quantized to NF4 with double quantization: blocks of 64 elements of 4 bits"
                    + " and an 8-bit scale each.";
        };
    }

    /// Bytes that [#write] needs: of the largest matrix, quantized.
    public static Program.Memory memory(Path model, Quantization form) throws IOException {
        try (LlamaWeights weights = LlamaWeights.openQuantized(model, form)) {
            return new Program.Memory(0, 0, weights.infos().stream().mapToLong(TensorInfo::bytes).max().orElse(0));
        }
    }

    /// The same for a model that is not there yet.
    public static Program.Memory memory(LlamaConfig config, Quantization form) {
        long largest = 0;
        for (TensorInfo info : NewModel.plan(config)) {
            DType kept = form.isFor(info.name(), info.shape()) ? form.dtype : info.dtype();
            largest = Math.max(largest, kept.bytes(info.shape().elements()));
        }
        return new Program.Memory(0, 0, largest);
    }

    private static void writeWeights(LlamaWeights weights, Path directory, Map<String, TensorInfo> plan,
            ByteProgress progress) throws IOException {
        Map<String, String> metadata = new LinkedHashMap<>(weights.checkpoint.metadata());
        metadata.put(BaseFingerprint.OF_ORIGINAL, BaseFingerprint.of(weights.checkpoint));
        long totalBytes = plan.values().stream().mapToLong(TensorInfo::bytes).sum();
        long doneBytes = 0;
        try (SafetensorsWriter writer = SafetensorsWriter.model(directory, List.copyOf(plan.values()), metadata,
                SafetensorsWriter.DEFAULT_SHARD_BYTES)) {
            for (String name : plan.keySet()) {
                weights.checkpoint.verifyUnchanged();
                long nonFinite = NonFinite.count(weights.checkpoint.tensor(name));
                if (nonFinite > 0) {
                    throw new IOException(weights.directory + ": \"" + name + "\": a value that is not finite"
                            + " cannot be quantized: " + nonFinite + " of " + weights.checkpoint.shape(name).elements()
                            + " are infinite or NaN; the model is damaged, or its training diverged");
                }
                try (Arena arena = Arena.ofShared()) {
                    Tensor tensor = weights.tensor(name, arena);
                    MemorySegment data = tensor.data();
                    for (long at = 0; at < data.byteSize(); at += PART_BYTES) {
                        long bytes = Math.min(PART_BYTES, data.byteSize() - at);
                        writer.append(name, data.asSlice(at, bytes));
                        doneBytes += bytes;
                        progress.at(doneBytes, totalBytes);
                    }
                }
            }
            writer.finish();
        }
    }

    private static byte[] config(LlamaWeights weights, Quantization form, List<String> kept) throws IOException {
        ObjectNode config = (ObjectNode) Json.parse("config.json", weights.configJson());
        form.describe(config, kept.stream().map(name -> name.replaceFirst("\\.weight$", "")).toList());
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    }

    /// The config of a model without what it says about quantization.
    public static byte[] plainConfig(LlamaWeights weights) throws IOException {
        if (weights.config.metadata().quantization() == null) {
            return weights.configJson();
        }
        ObjectNode config = (ObjectNode) Json.parse("config.json", weights.configJson());
        config.remove(Quantization.FIELD);
        return JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(config);
    }

    /// Refuses work that would need weights as they were before they were quantized.
    ///
    /// @throws IOException if the model in this directory is quantized
    public static void refuse(Path model, LlamaConfig config, String work) throws IOException {
        if (config.metadata().quantization() != null) {
            throw new IOException(model + ": its weights are quantized (" + config.metadata().quantization() + "), and "
                    + work + " needs the model that they were made from");
        }
    }
}

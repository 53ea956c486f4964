package llams.model.create;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.Leaf;
import llams.engine.io.AtomicFiles;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.safetensors.TensorInfo;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.weights.ConfigJson;
import llams.model.files.ByteProgress;
import llams.model.files.HeldFiles;
import llams.model.files.OutputDirectory;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// Writes models with random weights, to try out, measure or train from scratch.
public final class NewModel {
    private NewModel() {}

    /// The weights' type that a config names, or F32.
    ///
    /// @throws IllegalArgumentException if it names one that is not supported
    public static DType dtype(LlamaConfig config) {
        return switch (config.metadata().dtype()) {
            case null -> DType.F32;
            case "float32" -> DType.F32;
            case "bfloat16" -> DType.BF16;
            case "float16" -> DType.F16;
            default -> throw new IllegalArgumentException("dtype \"" + config.metadata().dtype()
                    + "\" is not supported; there are: float32, bfloat16, float16");
        };
    }

    /// Every tensor of a model, in the type that the config names.
    public static List<TensorInfo> plan(LlamaConfig config) {
        DType dtype = dtype(config);
        Set<TensorInfo> plan = new LinkedHashSet<>();
        Llama.of(config, (name, dims) -> {
            plan.add(new TensorInfo(name, dtype, Shape.of(dims)));
            return Leaf.weight(name, dtype, dims);
        }, Llama.Wrap.NONE);
        return new ArrayList<>(plan);
    }

    /// Writes a model directory part by part; the whole model is never in memory.
    ///
    /// @param tokenizer a tokenizer's file or a directory with one, to be copied; may be null
    /// @param out       must not exist, or be empty; it appears once everything is done
    public static void write(LlamaConfig config, long seed, Path tokenizer, Path out, ByteProgress progress)
            throws IOException {
        checkTokenizer(tokenizer, config);
        List<TensorInfo> plan = plan(config);
        long totalBytes = plan.stream().mapToLong(TensorInfo::bytes).sum();
        long doneBytes = 0;
        RandomWeights weights = new RandomWeights(config, seed);
        try (OutputDirectory output = OutputDirectory.create(out);
                SafetensorsWriter writer = SafetensorsWriter.model(output.path(), plan, Map.of(),
                        SafetensorsWriter.DEFAULT_SHARD_BYTES);
                RandomParts parts = new RandomParts(weights, plan, Runtime.getRuntime().availableProcessors())) {
            while (parts.hasNext()) {
                RandomParts.Part part = parts.next();
                writer.append(part.name(), part.values().data());
                doneBytes += part.values().data().byteSize();
                progress.at(doneBytes, totalBytes);
            }
            writer.finish();
            HeldFiles.ofTokenizer(tokenizer).write(output.path());
            writeGenerationConfig(config, output.path());
            AtomicFiles.write(output.path().resolve("config.json"),
                    ConfigJson.text(config).getBytes(StandardCharsets.UTF_8));
            output.commit();
        }
    }

    /// Bytes that [#write] needs.
    public static long memoryBytes(LlamaConfig config) {
        return RandomParts.bytes(plan(config), Runtime.getRuntime().availableProcessors());
    }

    private static void checkTokenizer(Path tokenizer, LlamaConfig config) throws IOException {
        if (tokenizer != null) {
            int ids = Tokenizer.load(tokenizer).size();
            if (ids > config.vocab()) {
                throw new IllegalArgumentException(tokenizer + " has " + ids + " ids, more than the model's"
                        + " vocabulary of " + config.vocab() + " (vocab_size)");
            }
        }
    }

    /// States the ids that begin and end a text, unless a tokenizer's directory brought such a file.
    public static void writeGenerationConfig(LlamaConfig config, Path directory) throws IOException {
        Path file = directory.resolve("generation_config.json");
        if (Files.exists(file)) {
            return;
        }
        ObjectNode json = JsonMapper.shared().createObjectNode();
        if (config.metadata().bos() >= 0) {
            json.put("bos_token_id", config.metadata().bos());
        }
        if (!config.metadata().eos().isEmpty()) {
            config.metadata().eos().forEach(json.putArray("eos_token_id")::add);
        }
        AtomicFiles.write(file, JsonMapper.shared().writerWithDefaultPrettyPrinter().writeValueAsBytes(json));
    }
}

package llams.engine.llama;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The sizes and constants of a Llama model, as a Hugging Face `config.json` states them.
///
/// @param dim              width of the residual stream (`hidden_size`)
/// @param hiddenDim        width inside the feed-forward block (`intermediate_size`)
/// @param headDim          width of one head; `dim / heads` unless the file says otherwise
/// @param ropeScaling      Llama 3.1's stretching of the rotary frequencies, or null
/// @param maxPositions     tokens that the model was made for (`max_position_embeddings`)
/// @param tied             true if the output head is the embedding table
/// @param initializerRange standard deviation of a new model's weights
/// @param bos              id that begins a text, or -1
/// @param eos              ids that end one; may be empty
/// @param dtype            the weights' type as the file names it (`bfloat16`), or null
/// @param quantization     `q8_0` if most weights are quantized (see [Quantization]), or null
public record LlamaConfig(int dim, int hiddenDim, int layers, int heads, int kvHeads, int headDim, int vocab, float normEps,
        double ropeTheta, RopeScaling ropeScaling, int maxPositions, boolean tied, float initializerRange, int bos,
        List<Integer> eos, String dtype, String quantization) {
    /// The `llama3` rope scaling: wavelengths over `originalPositions / lowFactor` are stretched by `factor`, those under
    /// `originalPositions / highFactor` are kept, and those between are blended.
    public record RopeScaling(double factor, double lowFactor, double highFactor, double originalPositions) {
    }

    /// A model whose weights are not quantized.
    public LlamaConfig(int dim, int hiddenDim, int layers, int heads, int kvHeads, int headDim, int vocab, float normEps,
            double ropeTheta, RopeScaling ropeScaling, int maxPositions, boolean tied, float initializerRange, int bos,
            List<Integer> eos, String dtype) {
        this(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling, maxPositions, tied,
                initializerRange, bos, eos, dtype, null);
    }

    /// Features of other models that would change the result: each is refused by name unless it has its plain value, as JSON
    /// writes it.
    private static final Map<String, List<String>> PLAIN = Map.of("attention_bias", List.of("false"), "mlp_bias",
            List.of("false"), "hidden_act", List.of("\"silu\""), "attention_dropout", List.of("0", "0.0"),
            "partial_rotary_factor", List.of("1", "1.0"), "sliding_window", List.of());

    /// Reads `config.json` of a model directory.
    ///
    /// @throws IOException if it is missing, is not JSON, lacks a field or asks for something that is not supported; says which
    public static LlamaConfig read(Path directory) throws IOException {
        return readFile(directory.resolve("config.json"));
    }

    /// Reads a config file of any name.
    ///
    /// @throws IOException as [#read]
    public static LlamaConfig readFile(Path file) throws IOException {
        try {
            JsonNode json = JsonTree.read(Files.readAllBytes(file));
            if (!(json instanceof ObjectNode)) {
                throw new IllegalArgumentException("is not a JSON object");
            }
            return parse(json);
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null,
                    "no such file; a model directory needs config.json (Hugging Face form)");
        } catch (JacksonException e) {
            throw new IOException(file + ": not valid JSON: " + e.getOriginalMessage() + " (line "
                    + e.getLocation().getLineNr() + ")", e);
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private static LlamaConfig parse(JsonNode json) {
        String type = json.path("model_type").asString("");
        if (!type.equals("llama")) {
            throw new IllegalArgumentException("model_type \"" + type + "\" is not supported; this program runs: llama");
        }
        PLAIN.forEach((name, plain) -> {
            JsonNode value = json.path(name);
            if (!value.isMissingNode() && !value.isNull() && !plain.contains(written(value))) {
                throw new IllegalArgumentException(name + " " + value + " is not supported; Llama 3 has "
                        + (plain.isEmpty() ? "none" : plain.getFirst()));
            }
        });
        int dim = required(json, "hidden_size");
        int heads = required(json, "num_attention_heads");
        int kvHeads = optional(json, "num_key_value_heads", heads);
        int headDim = optional(json, "head_dim", dim / heads);
        if (isPresent(json, "head_dim") ? headDim % 2 != 0 : dim % heads != 0 || headDim % 2 != 0) {
            throw new IllegalArgumentException("hidden_size " + dim + " and " + heads
                    + " heads give no even head_dim; say head_dim");
        }
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(
                    "num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + kvHeads);
        }
        JsonNode rope = isPresent(json, "rope_parameters") ? json.get("rope_parameters") : json.path("rope_scaling");
        double theta = decimal(isPresent(rope, "rope_theta") ? rope : json, "rope_theta", 10000);
        return new LlamaConfig(dim, required(json, "intermediate_size"), required(json, "num_hidden_layers"), heads, kvHeads,
                headDim, required(json, "vocab_size"), (float) decimal(json, "rms_norm_eps", 1e-6), theta, ropeScaling(rope),
                optional(json, "max_position_embeddings", 2048), flag(json, "tie_word_embeddings"),
                (float) decimal(json, "initializer_range", 0.02), first(ids(json, "bos_token_id")), ids(json, "eos_token_id"),
                isPresent(json, "dtype") ? json.get("dtype").asString() : json.path("torch_dtype").asString(null),
                Quantization.method(json));
    }

    /// A simple value as JSON writes it. The value's own `toString` would start Jackson's mapper, a tenth of a short run.
    private static String written(JsonNode value) {
        return value.isString() ? '"' + value.stringValue() + '"' : value.isValueNode() ? value.asString() : "";
    }

    private static RopeScaling ropeScaling(JsonNode rope) {
        if (rope.isMissingNode() || rope.isNull()) {
            return null;
        }
        String type = rope.path("rope_type").asString(rope.path("type").asString("default"));
        return switch (type) {
            case "default" -> null;
            case "llama3" -> new RopeScaling(number(rope, "factor"), number(rope, "low_freq_factor"),
                    number(rope, "high_freq_factor"), number(rope, "original_max_position_embeddings"));
            default -> throw new IllegalArgumentException(
                    "rope type \"" + type + "\" is not supported; this program knows: default, llama3");
        };
    }

    private static boolean isPresent(JsonNode json, String name) {
        return json.hasNonNull(name);
    }

    private static int required(JsonNode json, String name) {
        if (!isPresent(json, name)) {
            throw new IllegalArgumentException("\"" + name + "\" is missing");
        }
        return optional(json, name, 0);
    }

    private static int optional(JsonNode json, String name, int otherwise) {
        if (!isPresent(json, name)) {
            return otherwise;
        }
        JsonNode value = json.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() <= 0) {
            throw new IllegalArgumentException("\"" + name + "\" must be a positive whole number, not " + value);
        }
        return value.asInt();
    }

    private static double decimal(JsonNode json, String name, double otherwise) {
        if (!isPresent(json, name)) {
            return otherwise;
        }
        JsonNode value = json.get(name);
        if (!value.isNumber() || !(value.asDouble() > 0)) {
            throw new IllegalArgumentException("\"" + name + "\" must be a positive number, not " + value);
        }
        return value.asDouble();
    }

    private static boolean flag(JsonNode json, String name) {
        if (isPresent(json, name) && !json.get(name).isBoolean()) {
            throw new IllegalArgumentException("\"" + name + "\" must be true or false, not " + json.get(name));
        }
        return json.path(name).asBoolean(false);
    }

    private static double number(JsonNode json, String name) {
        if (!json.path(name).isNumber()) {
            throw new IllegalArgumentException("rope scaling of type llama3 needs the number \"" + name + "\"");
        }
        return json.get(name).asDouble();
    }

    /// An id, a list of ids, or nothing.
    private static List<Integer> ids(JsonNode json, String name) {
        if (!isPresent(json, name)) {
            return List.of();
        }
        JsonNode value = json.get(name);
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt()) {
                throw new IllegalArgumentException("\"" + name + "\" must be an id or a list of ids, not " + value);
            }
            ids.add(id.asInt());
        }
        return List.copyOf(ids);
    }

    private static int first(List<Integer> ids) {
        return ids.isEmpty() ? -1 : ids.getFirst();
    }

    /// The stop ids of a model directory: `eos_token_id` of `generation_config.json` if it has one, else of the config.
    ///
    /// @throws IOException if the file cannot be read, is not JSON, or has something else there
    public List<Integer> stopIds(Path directory) throws IOException {
        Path file = directory.resolve("generation_config.json");
        if (!Files.exists(file)) {
            return eos;
        }
        try {
            List<Integer> ids = ids(JsonTree.read(Files.readAllBytes(file)), "eos_token_id");
            return ids.isEmpty() ? eos : ids;
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        } catch (JacksonException e) {
            throw new IOException(file + ": not valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    /// The same model with weights of another type, as the file names it (`bfloat16`).
    public LlamaConfig withDtype(String name) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, tied, initializerRange, bos, eos, name, quantization);
    }

    /// The same model with weights quantized by a method, or not quantized if it is null.
    LlamaConfig withQuantization(String method) {
        return new LlamaConfig(dim, hiddenDim, layers, heads, kvHeads, headDim, vocab, normEps, ropeTheta, ropeScaling,
                maxPositions, tied, initializerRange, bos, eos, dtype, method);
    }

    /// The number of weights, the tied head counted once.
    public long parameters() {
        long attention = 2L * dim * heads * headDim + 2L * dim * kvHeads * headDim;
        long block = attention + 3L * dim * hiddenDim + 2L * dim;
        return layers * block + (tied ? 1L : 2L) * vocab * dim + dim;
    }

    /// The same model as `config.json`, with every field that readers would otherwise guess. The names are those of the older
    /// form (`rope_theta`, `torch_dtype`), which all readers know. How weights are stored is not part of it: nothing of quantization.
    public String toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("LlamaForCausalLM");
        json.put("model_type", "llama").put("hidden_size", dim).put("intermediate_size", hiddenDim)
                .put("num_hidden_layers", layers).put("num_attention_heads", heads).put("num_key_value_heads", kvHeads)
                .put("head_dim", headDim).put("vocab_size", vocab)
                .put("rms_norm_eps", Double.parseDouble(Float.toString(normEps))).put("rope_theta", ropeTheta);
        if (ropeScaling == null) {
            json.putNull("rope_scaling");
        } else {
            json.putObject("rope_scaling").put("rope_type", "llama3").put("factor", ropeScaling.factor)
                    .put("low_freq_factor", ropeScaling.lowFactor).put("high_freq_factor", ropeScaling.highFactor)
                    .put("original_max_position_embeddings", (long) ropeScaling.originalPositions);
        }
        json.put("max_position_embeddings", maxPositions).put("tie_word_embeddings", tied).put("hidden_act", "silu")
                .put("attention_bias", false).put("mlp_bias", false).put("attention_dropout", 0.0)
                .put("initializer_range", Double.parseDouble(Float.toString(initializerRange))).put("use_cache", true)
                .put("pretraining_tp", 1);
        if (bos >= 0) {
            json.put("bos_token_id", bos);
        }
        if (eos.size() == 1) {
            json.put("eos_token_id", eos.getFirst());
        } else if (!eos.isEmpty()) {
            eos.forEach(json.putArray("eos_token_id")::add);
        }
        json.put("torch_dtype", dtype == null ? "float32" : dtype);
        return json.toPrettyString() + "\n";
    }
}

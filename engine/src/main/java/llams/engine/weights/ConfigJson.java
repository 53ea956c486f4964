package llams.engine.weights;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import llams.engine.io.Json;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LlamaConfig.RopeScaling;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// Reads and writes `config.json`, with the defaults of Hugging Face's library, and reads the stop ids beside it.
public final class ConfigJson {
    /// Features of other models that would change the result: each is refused by name unless it has a plain value, as
    /// JSON writes it.
    private static final Map<String, List<String>> PLAIN = Map.of("attention_bias", List.of("false"), "mlp_bias",
            List.of("false"), "hidden_act", List.of("\"silu\"", "\"swish\""), "sliding_window", List.of());
    private static final String PARTIAL = "partial_rotary_factor";
    /// Limits far above any model. Anything above them is a mistake, which would otherwise surface as an overflow or as
    /// memory that nobody has.
    private static final int MAX_LAYERS = 10_000;
    private static final int MAX_WIDTH = 1 << 24;
    private static final double MAX_PARAMETERS = 1e15;

    private final JsonNode json;
    private final JsonFields fields;

    private ConfigJson(JsonNode json) {
        this.json = json;
        fields = new JsonFields(json);
    }

    /// Reads `config.json` of a model directory.
    ///
    /// @throws IOException if it is missing, is not JSON, lacks a field or asks for something that is not supported;
    ///     says which
    public static LlamaConfig read(Path directory) throws IOException {
        return readFile(directory.resolve("config.json"));
    }

    /// Reads a config file of any name.
    ///
    /// @throws IOException as [#read]
    public static LlamaConfig readFile(Path file) throws IOException {
        try {
            return new ConfigJson(Json.readObject(file)).config();
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null,
                    "no such file; a model directory needs config.json (Hugging Face form)");
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /// The stop ids of a model directory: `eos_token_id` of `generation_config.json` if it has one, else of the config.
    ///
    /// @throws IOException if the file cannot be read, is not JSON, or has something else there
    public static List<Integer> stopIds(LlamaConfig config, Path directory) throws IOException {
        Path file = directory.resolve("generation_config.json");
        List<Integer> stops = config.metadata().eos();
        if (!Files.exists(file)) {
            return stops;
        }
        try {
            List<Integer> ids = new JsonFields(Json.readObject(file)).ids("eos_token_id");
            return ids.isEmpty() ? stops : ids;
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /// A config as the text of `config.json`, with every field that readers would otherwise guess. The names are those
    /// of the older form (`rope_theta`, `torch_dtype`), which all readers know. It does not say how weights are stored,
    /// so nothing about quantization.
    public static String text(LlamaConfig config) {
        LlamaConfig.Metadata metadata = config.metadata();
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.putArray("architectures").add("LlamaForCausalLM");
        json.put("model_type", "llama")
                .put("hidden_size", config.dim())
                .put("intermediate_size", config.hiddenDim())
                .put("num_hidden_layers", config.layers())
                .put("num_attention_heads", config.heads())
                .put("num_key_value_heads", config.kvHeads())
                .put("head_dim", config.headDim())
                .put("vocab_size", config.vocab())
                .put("rms_norm_eps", Double.parseDouble(Float.toString(config.normEps())))
                .put("rope_theta", config.ropeTheta());
        RopeScaling scaling = config.ropeScaling();
        if (scaling == null) {
            json.putNull("rope_scaling");
        } else {
            json.putObject("rope_scaling")
                    .put("rope_type", "llama3")
                    .put("factor", scaling.factor())
                    .put("low_freq_factor", scaling.lowFactor())
                    .put("high_freq_factor", scaling.highFactor())
                    .put("original_max_position_embeddings", (long) scaling.originalPositions());
        }
        json.put("max_position_embeddings", config.maxPositions())
                .put("tie_word_embeddings", config.tied())
                .put("hidden_act", "silu")
                .put("attention_bias", false)
                .put("mlp_bias", false)
                .put("attention_dropout", metadata.attentionDropout())
                .put("initializer_range", Double.parseDouble(Float.toString(metadata.initializerRange())))
                .put("use_cache", true)
                .put("pretraining_tp", 1);
        if (metadata.bos() >= 0) {
            json.put("bos_token_id", metadata.bos());
        }
        if (metadata.eos().size() == 1) {
            json.put("eos_token_id", metadata.eos().getFirst());
        } else if (!metadata.eos().isEmpty()) {
            metadata.eos().forEach(json.putArray("eos_token_id")::add);
        }
        json.put("torch_dtype", metadata.dtype() == null ? "float32" : metadata.dtype());
        return json.toPrettyString() + "\n";
    }

    private LlamaConfig config() {
        String type = json.path("model_type").asString("");
        if (!type.equals("llama")) {
            throw new IllegalArgumentException(
                    "model_type \"" + JsonFields.cut(type) + "\" is not supported; this program runs: llama");
        }
        PLAIN.forEach((name, plain) -> refuseUnless(json, name, plain));
        int dim = fields.size("hidden_size", MAX_WIDTH);
        int heads = fields.size("num_attention_heads", MAX_WIDTH);
        int kvHeads = fields.size("num_key_value_heads", heads, MAX_WIDTH);
        int headDim = fields.size("head_dim", dim / heads, MAX_WIDTH);
        if (fields.has("head_dim") ? headDim % 2 != 0 : dim % heads != 0 || headDim % 2 != 0) {
            throw new IllegalArgumentException(
                    "hidden_size " + dim + " and " + heads + " heads give no even head_dim; say head_dim");
        }
        if (heads % kvHeads != 0) {
            throw new IllegalArgumentException(
                    "num_attention_heads " + heads + " is not a multiple of num_key_value_heads " + kvHeads);
        }
        if ((long) heads * headDim > MAX_WIDTH) {
            throw new IllegalArgumentException(
                    heads + " heads of " + headDim + " are wider than any model: " + MAX_WIDTH);
        }
        int positions = fields.size("max_position_embeddings", 2048, Integer.MAX_VALUE);
        JsonFields rope = new JsonFields(rope());
        List.of(json, rope.json()).forEach(place -> refuseUnless(place, PARTIAL, List.of("1", "1.0")));
        LlamaConfig config = new LlamaConfig(dim, fields.size("intermediate_size", MAX_WIDTH),
                fields.size("num_hidden_layers", MAX_LAYERS), heads, kvHeads, headDim,
                fields.size("vocab_size", Integer.MAX_VALUE), (float) fields.positive("rms_norm_eps", 1e-6),
                (rope.has("rope_theta") ? rope : fields).positive("rope_theta", 10000), ropeScaling(rope, positions),
                positions, fields.flag("tie_word_embeddings"), metadata());
        double parameters = (double) config.layers() * dim * (2.0 * heads * headDim + 3.0 * config.hiddenDim());
        if (parameters > MAX_PARAMETERS) {
            throw new IllegalArgumentException(
                    "the sizes make " + parameters + " parameters, more than any machine can hold");
        }
        return config;
    }

    private LlamaConfig.Metadata metadata() {
        List<Integer> begin = fields.ids("bos_token_id");
        return new LlamaConfig.Metadata((float) fields.positive("initializer_range", 0.02),
                begin.isEmpty() ? -1 : begin.getFirst(), fields.ids("eos_token_id"),
                fields.text(fields.has("dtype") ? "dtype" : "torch_dtype"), Quantization.method(json),
                fields.rate("attention_dropout"));
    }

    private static void refuseUnless(JsonNode place, String name, List<String> plain) {
        JsonNode value = place.path(name);
        if (!value.isMissingNode() && !value.isNull() && !plain.contains(written(value))) {
            throw new IllegalArgumentException(name + " " + JsonFields.shown(value) + " is not supported; Llama 3 has "
                    + (plain.isEmpty() ? "none" : plain.getFirst()));
        }
    }

    /// A simple value as JSON writes it. The value's own `toString` would start Jackson's mapper, a tenth of a short
    /// run.
    private static String written(JsonNode value) {
        return value.isString() ? '"' + value.stringValue() + '"' : value.isValueNode() ? value.asString() : "";
    }

    /// What describes the rotary positions, in the older or the newer form; where both are there, the older counts.
    private JsonNode rope() {
        for (String name : List.of("rope_scaling", "rope_parameters")) {
            if (fields.has(name)) {
                JsonNode rope = json.get(name);
                if (!rope.isObject()) {
                    throw new IllegalArgumentException(name + " must be an object as in {\"rope_type\": \"llama3\","
                            + " ...}, not " + JsonFields.shown(rope));
                }
                if (!rope.isEmpty()) {
                    return rope;
                }
            }
        }
        return MissingNode.getInstance();
    }

    /// The original context stands beside the scaling or in it. The first counts; without either it is the model's own.
    private RopeScaling ropeScaling(JsonFields rope, int positions) {
        JsonNode named = rope.json().path(rope.has("rope_type") ? "rope_type" : "type");
        String type = named.isMissingNode() || named.isNull()
                ? "default"
                : named.isString() ? named.stringValue() : JsonFields.shown(named);
        String original = "original_max_position_embeddings";
        return switch (type) {
            case "default" -> null;
            case "llama3" -> {
                double factor = factor(rope, "factor");
                double low = factor(rope, "low_freq_factor");
                double high = factor(rope, "high_freq_factor");
                if (low >= high) {
                    throw new IllegalArgumentException("rope scaling of type llama3 needs a low_freq_factor below"
                            + " high_freq_factor, not " + low + " and " + high);
                }
                yield new RopeScaling(factor, low, high,
                        (fields.has(original) ? fields : rope).positive(original, positions));
            }
            default -> throw new IllegalArgumentException(
                    "rope type \"" + JsonFields.cut(type) + "\" is not supported; this program knows: default, llama3");
        };
    }

    private static double factor(JsonFields rope, String name) {
        if (!rope.has(name)) {
            throw new IllegalArgumentException("rope scaling of type llama3 needs the number \"" + name + "\"");
        }
        return rope.positive(name, 0);
    }
}

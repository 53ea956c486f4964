package llams.engine.weights;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.io.Json;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LlamaConfig.RopeScaling;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.MissingNode;

/// Reads `config.json` and what else a model directory says about the model, with the defaults of Hugging Face's
/// library.
public final class ConfigJson {
    /// Features of other models that would change the result: each is refused by name unless it has a plain value, as
    /// JSON writes it.
    private static final Map<String, List<String>> PLAIN = Map.of("attention_bias", List.of("false"), "mlp_bias",
            List.of("false"), "hidden_act", List.of("\"silu\"", "\"swish\""), "sliding_window", List.of());
    private static final String PARTIAL = "partial_rotary_factor";
    /// Limits far above any model. What is over them is a mistake that would else show as a sum that overflows or
    /// memory that nobody has.
    private static final int MAX_LAYERS = 10_000;
    private static final int MAX_WIDTH = 1 << 24;
    private static final double MAX_PARAMETERS = 1e15;
    private static final int SHOWN = 80;

    private final JsonNode json;

    private ConfigJson(JsonNode json) {
        this.json = json;
    }

    public static LlamaConfig read(Path file) throws IOException {
        try {
            return new ConfigJson(Json.readObject(file)).config();
        } catch (NoSuchFileException e) {
            throw new NoSuchFileException(file.toString(), null,
                    "no such file; a model directory needs config.json (Hugging Face form)");
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    /// The `eos_token_id` of a generation config: empty if it has none.
    public static List<Integer> stopIds(Path file) throws IOException {
        try {
            return new ConfigJson(Json.readObject(file)).ids("eos_token_id");
        } catch (IllegalArgumentException e) {
            throw new IOException(file + ": " + e.getMessage(), e);
        }
    }

    private LlamaConfig config() {
        String type = json.path("model_type").asString("");
        if (!type.equals("llama")) {
            throw new IllegalArgumentException(
                    "model_type \"" + cut(type) + "\" is not supported; this program runs: llama");
        }
        PLAIN.forEach((name, plain) -> refuseUnless(json, name, plain));
        int dim = size("hidden_size", MAX_WIDTH);
        int heads = size("num_attention_heads", MAX_WIDTH);
        int kvHeads = optional("num_key_value_heads", heads, MAX_WIDTH);
        int headDim = optional("head_dim", dim / heads, MAX_WIDTH);
        if (isPresent(json, "head_dim") ? headDim % 2 != 0 : dim % heads != 0 || headDim % 2 != 0) {
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
        int positions = optional("max_position_embeddings", 2048, Integer.MAX_VALUE);
        JsonNode rope = rope();
        List.of(json, rope).forEach(place -> refuseUnless(place, PARTIAL, List.of("1", "1.0")));
        double theta = decimal(isPresent(rope, "rope_theta") ? rope : json, "rope_theta", 10000);
        List<Integer> begin = ids("bos_token_id");
        LlamaConfig config = new LlamaConfig(dim, size("intermediate_size", MAX_WIDTH),
                size("num_hidden_layers", MAX_LAYERS), heads, kvHeads, headDim, size("vocab_size", Integer.MAX_VALUE),
                (float) decimal(json, "rms_norm_eps", 1e-6), theta, ropeScaling(rope, positions), positions,
                flag("tie_word_embeddings"), (float) decimal(json, "initializer_range", 0.02),
                begin.isEmpty() ? -1 : begin.getFirst(), ids("eos_token_id"),
                isPresent(json, "dtype") ? text("dtype") : text("torch_dtype"), Quantization.method(json), dropout());
        double parameters = (double) config.layers() * dim * (2.0 * heads * headDim + 3.0 * config.hiddenDim());
        if (parameters > MAX_PARAMETERS) {
            throw new IllegalArgumentException(
                    "the sizes make " + parameters + " parameters, more than any machine can hold");
        }
        return config;
    }

    private static void refuseUnless(JsonNode place, String name, List<String> plain) {
        JsonNode value = place.path(name);
        if (!value.isMissingNode() && !value.isNull() && !plain.contains(written(value))) {
            throw new IllegalArgumentException(name + " " + shown(value) + " is not supported; Llama 3 has "
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
            if (isPresent(json, name)) {
                JsonNode rope = json.get(name);
                if (!rope.isObject()) {
                    throw new IllegalArgumentException(name + " must be an object as in {\"rope_type\": \"llama3\","
                            + " ...}, not " + shown(rope));
                }
                if (!rope.isEmpty()) {
                    return rope;
                }
            }
        }
        return MissingNode.getInstance();
    }

    /// The original context stands beside the scaling or in it. The first counts; without either it is the model's own.
    private RopeScaling ropeScaling(JsonNode rope, int positions) {
        JsonNode named = rope.path(isPresent(rope, "rope_type") ? "rope_type" : "type");
        String type = named.isMissingNode() || named.isNull()
                ? "default"
                : named.isString() ? named.stringValue() : shown(named);
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
                        decimal(isPresent(json, original) ? json : rope, original, positions));
            }
            default -> throw new IllegalArgumentException(
                    "rope type \"" + cut(type) + "\" is not supported; this program knows: default, llama3");
        };
    }

    private static double factor(JsonNode rope, String name) {
        if (!isPresent(rope, name)) {
            throw new IllegalArgumentException("rope scaling of type llama3 needs the number \"" + name + "\"");
        }
        return decimal(rope, name, 0);
    }

    private double dropout() {
        JsonNode value = json.path("attention_dropout");
        if (value.isMissingNode() || value.isNull()) {
            return 0;
        }
        double rate = value.isNumber() ? value.asDouble(Double.NaN) : Double.NaN;
        if (!(rate >= 0 && rate < 1)) {
            throw new IllegalArgumentException(
                    "\"attention_dropout\" must be a number from 0 to below 1, not " + shown(value));
        }
        return rate;
    }

    private static boolean isPresent(JsonNode place, String name) {
        return place.hasNonNull(name);
    }

    private int size(String name, int most) {
        if (!isPresent(json, name)) {
            throw new IllegalArgumentException("\"" + name + "\" is missing");
        }
        return optional(name, 0, most);
    }

    private int optional(String name, int otherwise, int most) {
        if (!isPresent(json, name)) {
            return otherwise;
        }
        JsonNode value = json.get(name);
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.asInt() <= 0) {
            throw new IllegalArgumentException("\"" + name + "\" must be a positive whole number, not " + shown(value));
        }
        if (value.asInt() > most) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" is " + value.asInt() + ", more than any model has: " + most);
        }
        return value.asInt();
    }

    private static double decimal(JsonNode place, String name, double otherwise) {
        if (!isPresent(place, name)) {
            return otherwise;
        }
        double value = place.get(name).isNumber() ? place.get(name).asDouble(Double.NaN) : Double.NaN;
        if (!(value > 0) || Double.isInfinite(value)) {
            throw new IllegalArgumentException(
                    "\"" + name + "\" must be a positive number, not " + shown(place.get(name)));
        }
        return value;
    }

    private boolean flag(String name) {
        if (isPresent(json, name) && !json.get(name).isBoolean()) {
            throw new IllegalArgumentException("\"" + name + "\" must be true or false, not " + shown(json.get(name)));
        }
        return json.path(name).asBoolean(false);
    }

    private String text(String name) {
        if (isPresent(json, name) && !json.get(name).isString()) {
            throw new IllegalArgumentException("\"" + name + "\" must be a text, not " + shown(json.get(name)));
        }
        return json.path(name).asString(null);
    }

    /// An id, a list of ids, or nothing.
    private List<Integer> ids(String name) {
        if (!isPresent(json, name)) {
            return List.of();
        }
        JsonNode value = json.get(name);
        List<Integer> ids = new ArrayList<>();
        for (JsonNode id : value.isArray() ? value : List.of(value)) {
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.asInt() < 0) {
                throw new IllegalArgumentException(
                        "\"" + name + "\" must be an id or a list of ids, not " + shown(value));
            }
            ids.add(id.asInt());
        }
        return List.copyOf(ids);
    }

    /// A value for a message.
    static String shown(JsonNode value) {
        return cut(value.toString());
    }

    private static String cut(String text) {
        return text.length() > SHOWN ? text.substring(0, SHOWN) + "..." : text;
    }
}

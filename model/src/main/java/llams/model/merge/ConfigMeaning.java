package llams.model.merge;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What a `config.json` means for the weights beside it. Weights of equal shapes mean different things if these values
/// differ. Older and newer files write the same values in different fields, and leave out defaults.
final class ConfigMeaning {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    private static final List<String> ROPE_TYPE = List.of("rope_type", "type");

    private ConfigMeaning() {}

    /// By the older form's names; null where there is no value.
    static Map<String, JsonNode> of(ObjectNode config) {
        JsonNode heads = value(config, "num_attention_heads", null);
        Map<String, JsonNode> meaning = new LinkedHashMap<>();
        meaning.put("model_type", value(config, "model_type", null));
        meaning.put("num_attention_heads", heads);
        meaning.put("num_key_value_heads", value(config, "num_key_value_heads", heads));
        meaning.put("head_dim", value(config, "head_dim", headDim(value(config, "hidden_size", null), heads)));
        meaning.put("rms_norm_eps", value(config, "rms_norm_eps", NODES.numberNode(1e-6)));
        JsonNode act = value(config, "hidden_act", NODES.stringNode("silu"));
        meaning.put("hidden_act", act.asString("").equals("swish") ? NODES.stringNode("silu") : act);
        JsonNode rope = value(config, "rope_parameters", value(config, "rope_scaling", NODES.objectNode()));
        meaning.put("rope_theta", value(rope, "rope_theta", value(config, "rope_theta", NODES.numberNode(10000.0))));
        meaning.put("rope_scaling", scaling(rope, config));
        return meaning;
    }

    private static JsonNode value(JsonNode object, String name, JsonNode otherwise) {
        return object.hasNonNull(name) ? object.get(name) : otherwise;
    }

    private static JsonNode headDim(JsonNode hiddenSize, JsonNode heads) {
        boolean isKnown = hiddenSize != null && heads != null && hiddenSize.isIntegralNumber() && heads.asLong(0) > 0;
        return isKnown ? NODES.numberNode(hiddenSize.asLong() / heads.asLong()) : null;
    }

    private static JsonNode scaling(JsonNode rope, ObjectNode config) {
        String type = value(rope, "rope_type", value(rope, "type", NODES.stringNode("default"))).asString("");
        if (!rope.isObject() || type.equals("default")) {
            return null;
        }
        ObjectNode scaling = NODES.objectNode().put("rope_type", type);
        for (Map.Entry<String, JsonNode> field : rope.properties()) {
            if (!ROPE_TYPE.contains(field.getKey()) && !field.getKey().equals("rope_theta")) {
                scaling.set(field.getKey(), field.getValue());
            }
        }
        String original = "original_max_position_embeddings";
        if (!scaling.has(original) && config.hasNonNull(original)) {
            scaling.set(original, config.get(original));
        }
        return scaling;
    }

    /// Whether two values are the same, numbers by their value; null is only the same as null.
    static boolean same(JsonNode a, JsonNode b) {
        if (a == null || b == null) {
            return a == b;
        }
        if (a.isNumber() && b.isNumber()) {
            return a.asDouble() == b.asDouble();
        }
        if (!a.isObject() || !b.isObject()) {
            return a.equals(b);
        }
        return a.size() == b.size() && a.properties()
                .stream()
                .allMatch(field -> b.has(field.getKey()) && same(field.getValue(), b.get(field.getKey())));
    }
}

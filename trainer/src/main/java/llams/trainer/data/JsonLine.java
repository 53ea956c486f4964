package llams.trainer.data;

import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// One line of JSONL: one object. Duplicate keys and text after the object are errors; a text may have any length.
public final class JsonLine {
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(StreamReadConstraints.builder()
                            .maxStringLength(Integer.MAX_VALUE)
                            .build())
                    .build())
            .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
            .build();

    private JsonLine() {}

    /// @throws DataException if `line` is not one JSON object; the message begins with `place`
    public static ObjectNode parse(String line, String place) {
        JsonNode node;
        try {
            node = MAPPER.readTree(line);
        } catch (JacksonException e) {
            String at = e.getLocation() == null ? "" : " at column " + e.getLocation().getColumnNr();
            throw new DataException(place + ": not JSON" + at + ": " + e.getOriginalMessage(), e);
        }
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new DataException(place + ": wanted one JSON object a line, found " + kind(node));
    }

    /// The text at `key`.
    ///
    /// @throws DataException if there is none; the message begins with `place`
    public static String text(ObjectNode row, String key, String place) {
        JsonNode value = row.get(key);
        if (value == null || !value.isString()) {
            throw new DataException(
                    place + ": \"" + key + "\" is " + (value == null ? "missing" : kind(value)) + "; wanted a text");
        }
        return value.stringValue();
    }

    /// The list of ids at `key`, which exists.
    ///
    /// @throws DataException if it is anything else; the message begins with `place`
    public static int[] integers(ObjectNode row, String key, String place) {
        JsonNode list = row.get(key);
        if (!list.isArray()) {
            throw new DataException(place + ": \"" + key + "\" is " + kind(list) + "; wanted a list of ids");
        }
        int[] values = new int[list.size()];
        for (int i = 0; i < values.length; i++) {
            JsonNode value = list.get(i);
            if (!value.isIntegralNumber() || !value.canConvertToInt()) {
                throw new DataException(place + ": \"" + key + "\"[" + i + "] is " + kind(value) + "; wanted an id");
            }
            values[i] = value.intValue();
        }
        return values;
    }

    /// What a JSON value is, in words.
    public static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case STRING -> "a text";
            case NUMBER -> "the number " + node;
            case ARRAY -> "a list";
            case OBJECT, POJO -> "an object";
            case BOOLEAN -> node.toString();
            case NULL -> "null";
            case MISSING -> "nothing";
            case BINARY -> "bytes";
        };
    }
}

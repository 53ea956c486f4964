package llams.trainer.data;

import java.util.Locale;
import llams.model.files.DataException;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.DatabindException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// One line of JSONL: one object. Duplicate keys and text after the object are errors; a string may have any length.
/// Python's `NaN` is a number.
public final class JsonLine {
    private static final int MAX_DEPTH = 1_000;
    private static final int MAX_DIGITS = 1_000;
    private static final int MAX_SHOWN = 60;
    private static final JsonMapper MAPPER = JsonMapper.builder(JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxStringLength(Integer.MAX_VALUE)
                    .maxNestingDepth(MAX_DEPTH)
                    .maxNumberLength(MAX_DIGITS)
                    .build())
            .build()).enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS).build();

    private static final int SHOWN = 24;

    private JsonLine() {}

    /// @throws DataException if `line` is not one JSON object; the message begins with `place`
    public static ObjectNode parse(String line, String place) {
        JsonNode node = value(line, place);
        if (node instanceof ObjectNode object) {
            return object;
        }
        throw new DataException(place + ": wanted one JSON object per line, found " + kind(node));
    }

    /// @throws DataException if `json` is not one JSON value; the message begins with `place`
    public static JsonNode value(String json, String place) {
        try {
            return MAPPER.readTree(json);
        } catch (JacksonException e) {
            throw new DataException(place + ": not JSON" + at(e.getLocation()) + ": " + reason(e, json), e);
        }
    }

    private static String at(TokenStreamLocation location) {
        if (location == null || location.getColumnNr() <= 0) {
            return "";
        }
        String line = location.getLineNr() > 1
                ? " at line " + location.getLineNr() + " of the row, column "
                : " at column ";
        return line + location.getColumnNr();
    }

    /// What is wrong, without the parser's names of its own parts and settings.
    private static String reason(JacksonException e, String json) {
        String message = e.getOriginalMessage();
        return switch (e) {
            case StreamConstraintsException limit when message.contains("nesting") ->
                String.format(Locale.ROOT, "nested too deeply (limit %,d)", MAX_DEPTH);
            case StreamConstraintsException limit when message.startsWith("Number") ->
                String.format(Locale.ROOT, "a number of more than %,d digits", MAX_DIGITS);
            case StreamConstraintsException limit -> "a key is too long";
            case UnexpectedEndOfInputException end -> "it ends too early; is it cut short?";
            case DatabindException trailing -> "there is more after the object";
            case JacksonException twice when message.startsWith("Duplicate") -> message;
            default -> "no value, key or mark of JSON" + found(e.getLocation(), json);
        };
    }

    private static String found(TokenStreamLocation location, String json) {
        long from = location == null ? -1 : location.getCharOffset();
        if (from < 0 || from >= json.length()) {
            return "";
        }
        int to = (int) Math.min(json.length(), from + SHOWN);
        return " but '" + json.substring((int) from, to).lines().findFirst().orElse("")
                + (to < json.length() ? "...'" : "'");
    }

    /// The text at `key`.
    ///
    /// @throws DataException if there is none; the message begins with `place`
    public static String text(ObjectNode row, String key, String place) {
        JsonNode value = row.get(key);
        if (value == null || !value.isString()) {
            throw new DataException(
                    place + ": \"" + key + "\" is " + (value == null ? "missing" : kind(value)) + "; wanted a string");
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

    /// A name of the data as messages quote it: not longer than a line.
    static String shown(String name) {
        return name.length() <= MAX_SHOWN ? name : name.substring(0, MAX_SHOWN) + "...";
    }

    /// What a JSON value is, for messages.
    public static String kind(JsonNode node) {
        return switch (node.getNodeType()) {
            case STRING -> "a string";
            case NUMBER -> "the number " + shown(node.toString());
            case ARRAY -> "a list";
            case OBJECT, POJO -> "an object";
            case BOOLEAN -> node.toString();
            case NULL -> "null";
            case MISSING -> "nothing";
            case BINARY -> "bytes";
        };
    }
}

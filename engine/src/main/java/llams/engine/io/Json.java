package llams.engine.io;

import java.io.IOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamLocation;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.exc.UnexpectedEndOfInputException;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.MissingNode;
import tools.jackson.databind.node.ObjectNode;

/// The small JSON files of models and adapters as trees: size, depth and number of values are bounded, and errors name
/// file and place. Jackson's own mapper takes longer to start than a small model to answer.
public final class Json {
    /// Far above any such file, and so are the two below it.
    private static final int MAX_BYTES = 16 << 20;
    private static final int MAX_DEPTH = 100;
    private static final int MAX_VALUES = 500_000;
    private static final int SHOWN = 24;
    private static final JsonFactory JSON = JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
            .build();
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final String source;
    private final byte[] json;
    private final JsonParser parser;
    private int values;

    private Json(String source, byte[] json, JsonParser parser) {
        this.source = source;
        this.json = json;
        this.parser = parser;
    }

    /// Reads a file that holds one JSON object.
    ///
    /// @throws NoSuchFileException if there is no such file
    /// @throws IOException         if it is not a file, is too large, is not JSON, has a name twice, or holds something
    ///     else; says where
    public static ObjectNode readObject(Path file) throws IOException {
        if (Files.isDirectory(file)) {
            throw new IOException(file + ": is a directory, not a file");
        }
        // A pipe or a device might never end.
        if (Files.exists(file) && !Files.isRegularFile(file)) {
            throw new IOException(file + ": is not a regular file");
        }
        long size = Files.size(file);
        if (size > MAX_BYTES) {
            throw new IOException(file + ": has " + size + " bytes; a file of this kind has at most " + MAX_BYTES);
        }
        if (parse(file.toString(), Files.readAllBytes(file)) instanceof ObjectNode object) {
            return object;
        }
        throw new IOException(file + ": is not a JSON object");
    }

    /// JSON text as a tree; a missing node if there is no value at all.
    ///
    /// @param source where the text is from, for messages
    /// @throws IOException if it is not JSON, has a name twice, or text after its value; says where
    public static JsonNode parse(String source, byte[] json) throws IOException {
        try (JsonParser parser = JSON.createParser(ObjectReadContext.empty(), json)) {
            Json tree = new Json(source, json, parser);
            try {
                return tree.read();
            } catch (JacksonException e) {
                throw tree.problem(": " + reason(e), e);
            }
        } catch (JacksonException e) {
            // No parser for it: the first bytes are of an encoding that JSON does not have.
            throw new IOException(source + ": not valid JSON: it is not UTF-8", e);
        }
    }

    private JsonNode read() throws IOException {
        if (parser.nextToken() == null) {
            return MissingNode.getInstance();
        }
        JsonNode tree = value();
        if (parser.nextToken() != null) {
            throw problem(": there is text after the end of the value", null);
        }
        return tree;
    }

    private JsonNode value() throws IOException {
        if (++values > MAX_VALUES) {
            throw problem(": it has more than " + MAX_VALUES + " values", null);
        }
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                ObjectNode object = NODES.objectNode();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    if (object.replace(name, value()) != null) {
                        throw problem(": it has \"" + name + "\" twice", null);
                    }
                }
                yield object;
            }
            case START_ARRAY -> {
                ArrayNode array = NODES.arrayNode();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    array.add(value());
                }
                yield array;
            }
            case VALUE_STRING -> NODES.stringNode(parser.getString());
            case VALUE_NUMBER_INT -> switch (parser.getNumberType()) {
                case INT -> NODES.numberNode(parser.getIntValue());
                case LONG -> NODES.numberNode(parser.getLongValue());
                case BIG_INTEGER, FLOAT, DOUBLE, BIG_DECIMAL -> NODES.numberNode(parser.getBigIntegerValue());
            };
            case VALUE_NUMBER_FLOAT -> NODES.numberNode(parser.getDoubleValue());
            case VALUE_TRUE -> NODES.booleanNode(true);
            case VALUE_FALSE -> NODES.booleanNode(false);
            case VALUE_NULL -> NODES.nullNode();
            case END_OBJECT, END_ARRAY, PROPERTY_NAME, NOT_AVAILABLE, VALUE_EMBEDDED_OBJECT ->
                throw problem(": a value was expected", null);
        };
    }

    /// Names the place by line and column, and by the text before it: many files are a single line.
    private IOException problem(String reason, Throwable cause) {
        TokenStreamLocation at = parser.currentLocation();
        int end = Math.clamp(at.getByteOffset(), 0, json.length);
        int begin = Math.max(0, end - SHOWN);
        String before = new String(json, begin, end - begin, StandardCharsets.UTF_8).replaceAll("[\\s\\p{Cc}]+", " ")
                .strip();
        return new IOException(source + ": not valid JSON at line " + at.getLineNr() + ", column " + at.getColumnNr()
                + (before.isEmpty() ? "" : ", after '" + before + "'") + reason, cause);
    }

    /// What the parser found, in terms that do not need its manual.
    public static String reason(JacksonException e) {
        String message = e.getOriginalMessage();
        return switch (e) {
            case UnexpectedEndOfInputException _ -> "it ends in the middle; is it cut short?";
            case StreamConstraintsException _ when message.contains("nesting depth") -> "it is nested too deeply";
            case StreamConstraintsException _ -> "a name, a string or a number in it is too long";
            default -> message.contains("UTF-8") || e.getCause() instanceof CharacterCodingException
                    ? "it is not UTF-8"
                    : "this is not what may follow there";
        };
    }
}

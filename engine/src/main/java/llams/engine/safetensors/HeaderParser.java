package llams.engine.safetensors;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.io.Json;
import llams.engine.safetensors.SafetensorsFile.Entry;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonParser.NumberType;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.json.JsonFactory;

/// Reads header JSON token by token as it comes from the file, so that no header, however hostile, needs more than some
/// 200 MB.
final class HeaderParser {
    /// Without the tables of names that parsers keep: for a hostile header it would outgrow everything that is kept of
    /// it.
    static final JsonFactory JSON = JsonFactory.builder()
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .streamReadConstraints(StreamReadConstraints.builder()
                    .maxNestingDepth(16)
                    .maxStringLength(10_000_000)
                    .maxNameLength(4096)
                    .build())
            .build();
    /// Far above any model, far below what 100 MB of header could make this program allocate.
    static final int MAX_ENTRIES = 250_000;
    private static final int MAX_RANK = 32;
    /// Characters of all names and metadata together.
    private static final long MAX_CHARS = 32 << 20;

    final Map<String, Entry> entries = new LinkedHashMap<>();
    final Map<String, String> metadata = new LinkedHashMap<>();
    private final Path file;
    private final InputStream json;
    private final long dataStart;
    private long chars;
    private JsonParser parser;

    HeaderParser(Path file, InputStream json, long dataStart) {
        this.file = file;
        this.json = json;
        this.dataStart = dataStart;
    }

    /// A parser that takes UTF-8 only, and all of it.
    static JsonParser parser(InputStream json) {
        return JSON.createParser(ObjectReadContext.empty(),
                new InputStreamReader(json, StandardCharsets.UTF_8.newDecoder()));
    }

    void parse() throws IOException {
        try (JsonParser open = parser(json)) {
            parser = open;
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                count(name);
                boolean metadataEntry = name.equals("__metadata__");
                JsonToken value = parser.nextToken();
                if (metadataEntry && value == JsonToken.VALUE_NULL) {
                    continue;
                }
                if (value != JsonToken.START_OBJECT) {
                    throw problem("\"" + name + "\" is " + shown() + ", not an object");
                }
                if (metadataEntry) {
                    parseMetadata();
                } else if (entries.put(name, parseEntry(name)) != null) {
                    throw problem("\"" + name + "\" is there twice");
                }
                if (entries.size() > MAX_ENTRIES) {
                    throw problem("there are more than " + MAX_ENTRIES + " tensors; this program reads no more from"
                            + " one file");
                }
            }
            if (parser.nextToken() != null) {
                throw problem("there is more after the end of the object");
            }
        } catch (JacksonException e) {
            rethrowUnreadable(file, e);
            throw new SafetensorsException(file, "the header is not valid JSON near byte "
                    + (8 + parser.currentLocation().getCharOffset()) + ": " + Json.reason(e), e);
        }
    }

    /// A failure to read is no fault of the JSON.
    static void rethrowUnreadable(Path file, JacksonException e) throws IOException {
        if (e.getCause() instanceof SafetensorsException cut) {
            throw cut;
        }
        if (e.getCause() instanceof IOException failure && !(failure instanceof CharacterCodingException)) {
            throw new IOException(file + ": cannot be read: " + failure.getMessage(), failure);
        }
    }

    private void count(String text) throws SafetensorsException {
        chars += text.length();
        if (chars > MAX_CHARS) {
            throw problem("names and metadata have more than " + MAX_CHARS + " characters; this program reads no"
                    + " more from one file");
        }
    }

    private void parseMetadata() throws SafetensorsException {
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            if (parser.nextToken() != JsonToken.VALUE_STRING) {
                throw problem("\"__metadata__\" may hold strings only, but \"" + key + "\" is " + shown());
            }
            String value = parser.getString();
            count(key);
            count(value);
            if (metadata.put(key, value) != null) {
                throw problem("\"__metadata__\" has \"" + key + "\" twice");
            }
            if (metadata.size() > MAX_ENTRIES) {
                throw problem("\"__metadata__\" has more than " + MAX_ENTRIES + " entries; this program reads no more");
            }
        }
    }

    private Entry parseEntry(String name) throws SafetensorsException {
        DType dtype = null;
        long[] dims = null;
        long[] offsets = null;
        while (parser.nextToken() != JsonToken.END_OBJECT) {
            String key = parser.currentName();
            parser.nextToken();
            if (key.equals("dtype") && dtype != null || key.equals("shape") && dims != null
                    || key.equals("data_offsets") && offsets != null) {
                throw problem("\"" + name + "\" has \"" + key + "\" twice");
            }
            switch (key) {
                case "dtype" -> dtype = parseDType(name);
                case "shape" -> dims = parseLongs(name, key, MAX_RANK);
                case "data_offsets" -> offsets = parseLongs(name, key, 2);
                default -> parser.skipChildren();
            }
        }
        if (dtype == null || dims == null || offsets == null) {
            throw problem("\"" + name + "\" has no \""
                    + (dtype == null ? "dtype" : dims == null ? "shape" : "data_offsets") + "\"");
        }
        if (offsets.length != 2 || offsets[0] > offsets[1]) {
            throw problem("\"" + name + "\" has data_offsets " + Arrays.toString(offsets)
                    + ", wanted [begin, end] with begin <= end");
        }
        try {
            return new Entry(new TensorInfo(name, dtype, Shape.of(dims)), Math.addExact(dataStart, offsets[0]),
                    Math.addExact(dataStart, offsets[1]));
        } catch (IllegalArgumentException | ArithmeticException e) {
            throw new SafetensorsException(file, "\"" + name + "\" of shape " + Arrays.toString(dims)
                    + " and data_offsets " + Arrays.toString(offsets) + " does not fit any file: " + e.getMessage(), e);
        }
    }

    private DType parseDType(String name) throws SafetensorsException {
        if (parser.currentToken() == JsonToken.VALUE_STRING) {
            for (DType dtype : DType.values()) {
                if (dtype.isInSafetensors() && dtype.name().equals(parser.getString())) {
                    return dtype;
                }
            }
        }
        throw problem("\"" + name + "\" has dtype " + shown() + ", which the format does not have; there are "
                + Arrays.stream(DType.values()).filter(DType::isInSafetensors).toList());
    }

    private long[] parseLongs(String name, String key, int max) throws SafetensorsException {
        if (parser.currentToken() != JsonToken.START_ARRAY) {
            throw problem("\"" + name + "\" has " + key + " " + shown() + ", not a list of numbers");
        }
        long[] values = new long[max];
        int count = 0;
        while (parser.nextToken() != JsonToken.END_ARRAY) {
            if (count == max) {
                throw problem("\"" + name + "\" has more than " + max + " numbers in " + key);
            }
            boolean whole = parser.currentToken() == JsonToken.VALUE_NUMBER_INT
                    && parser.getNumberType() != NumberType.BIG_INTEGER;
            if (!whole || parser.getLongValue() < 0) {
                throw problem("\"" + name + "\" has " + shown() + " in " + key
                        + ", wanted a whole number from 0 to 2^63 - 1");
            }
            values[count++] = parser.getLongValue();
        }
        return Arrays.copyOf(values, count);
    }

    /// The current token for a message, cut to a readable length.
    private String shown() {
        String text = parser.getString();
        String cut = text.length() > 80 ? text.substring(0, 80) + "..." : text;
        return parser.currentToken() == JsonToken.VALUE_STRING ? "\"" + cut + "\"" : cut;
    }

    private SafetensorsException problem(String what) {
        return new SafetensorsException(file,
                "header byte " + (8 + parser.currentTokenLocation().getCharOffset()) + ": " + what);
    }
}

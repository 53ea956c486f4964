package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.core.JsonParser;
import tools.jackson.core.JsonToken;
import tools.jackson.core.ObjectReadContext;
import tools.jackson.core.StreamReadFeature;
import tools.jackson.core.TokenStreamFactory;
import tools.jackson.core.exc.StreamConstraintsException;
import tools.jackson.core.json.JsonFactory;

/// Reads Hugging Face's `tokenizer.json` of the kind that Llama 3 has: byte-level BPE with ranks. What this program
/// would do differently from the file's wish is refused by name.
final class TokenizerJson {

    private static final JsonFactory FACTORY = JsonFactory.builder()
            .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
            .disable(TokenStreamFactory.Feature.CANONICALIZE_PROPERTY_NAMES)
            .build();

    private final Path path;
    private final JsonParser json;
    private final Map<String, Object> top = new HashMap<>();
    private final Map<String, Object> model = new HashMap<>();
    private final Map<String, Integer> idOfToken = new HashMap<>();
    private final List<String> merges = new ArrayList<>();

    private TokenizerJson(Path path, JsonParser json) {
        this.path = path;
        this.json = json;
    }

    /// @throws IOException if the file cannot be read, is no such file or is of another kind
    static Tokenizer read(Path path) throws IOException {
        return parse(path, TokenizerJson::tokenizer);
    }

    /// A `tokenizer.json`'s `added_tokens`, in the order of the ids; the rest of the file is not read if it
    /// follows them, as it does in all files that Hugging Face's library writes.
    static List<AddedToken> addedTokens(Path path) throws IOException {
        return parse(path, reader -> TokenizerValues.added(reader.member("added_tokens")));
    }

    /// A `tokenizer_config.json`'s `added_tokens_decoder`, in the order of the ids.
    static List<AddedToken> addedTokensDecoder(Path path) throws IOException {
        return parse(path, reader -> {
            reader.json.nextToken();
            List<Object> list = new ArrayList<>();
            if (reader.value() instanceof Map<?, ?> config
                    && config.get("added_tokens_decoder") instanceof Map<?, ?> tokens) {
                tokens.forEach((id, token) -> {
                    Map<Object, Object> entry = new HashMap<>(
                            TokenizerValues.object(token, "added_tokens_decoder: " + id));
                    entry.put("id", id);
                    list.add(entry);
                });
            }
            return TokenizerValues.added(list);
        });
    }

    /// The object in a file; empty if there is no such file.
    static Map<?, ?> object(Path path) throws IOException {
        return !Files.isRegularFile(path) ? Map.of() : parse(path, reader -> {
            reader.json.nextToken();
            return TokenizerValues.object(reader.value(), "the file");
        });
    }

    /// The name of the special token that a `tokenizer.json`'s template puts before a text, empty if it puts none
    /// there, null if there is no template.
    static String firstOfTemplate(Path path) throws IOException {
        return !Files.isRegularFile(path)
                ? null
                : parse(path, reader -> TokenizerPipeline.firstOfTemplate(reader.member("post_processor")));
    }

    private static <T> T parse(Path path, Function<TokenizerJson, T> work) throws IOException {
        try (var in = Files.newInputStream(path);
                JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), in)) {
            try {
                return work.apply(new TokenizerJson(path, json));
            } catch (StreamConstraintsException e) {
                throw new IOException(path + ":" + json.currentLocation().getLineNr()
                        + ": nested too deeply, or a name or a number too long, for a tokenizer's file", e);
            } catch (JacksonException e) {
                throw new IOException(path + ":" + json.currentLocation().getLineNr() + ": no valid JSON: "
                        + e.getOriginalMessage() + "; download the file again", e);
            } catch (IllegalArgumentException e) {
                throw new IOException(path + ": " + e.getMessage(), e);
            }
        } catch (JacksonException e) {
            // No parser for it: the first bytes are of an encoding that JSON does not have.
            throw new IOException(path + ": no valid JSON: it is not UTF-8", e);
        }
    }

    /// A member of the file's object, or null; what comes after it is not read.
    private Object member(String wanted) {
        json.nextToken();
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            json.nextToken();
            if (name.equals(wanted)) {
                return value();
            }
            json.skipChildren();
        }
        return null;
    }

    private Tokenizer tokenizer() {
        if (json.nextToken() != JsonToken.START_OBJECT) {
            throw new IllegalArgumentException("a tokenizer.json is one JSON object");
        }
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            json.nextToken();
            if (name.equals("model") && json.currentToken() == JsonToken.START_OBJECT) {
                readModel();
            } else {
                top.put(name, value());
            }
        }
        SplitPattern pattern = TokenizerPipeline.pattern(top, model);
        List<AddedToken> added = TokenizerVocab.withModelIds(TokenizerValues.added(top.get("added_tokens")), idOfToken);
        TokenizerVocab vocab = TokenizerVocab.of(idOfToken, merges, added);
        vocab.checkMerges(merges, Boolean.TRUE.equals(model.get("ignore_merges")));
        return Tokenizer.of(vocab.vocabulary(), vocab.added(), vocab.numbering(), pattern);
    }

    private void readModel() {
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            JsonToken token = json.nextToken();
            if (name.equals("vocab") && token == JsonToken.START_OBJECT) {
                for (String piece = json.nextName(); piece != null; piece = json.nextName()) {
                    idOfToken.put(piece,
                            json.nextToken() == JsonToken.VALUE_NUMBER_INT
                                    ? TokenizerValues.id(value(), piece)
                                    : TokenizerValues.id(json.getString(), piece));
                }
            } else if (name.equals("merges") && token == JsonToken.START_ARRAY) {
                readMerges();
            } else {
                model.put(name, value());
            }
        }
    }

    /// Merges are `"left right"`, in newer files `["left", "right"]`; both are kept as left and right in turn.
    private void readMerges() {
        while (json.nextToken() != JsonToken.END_ARRAY) {
            Object merge = value();
            if (merge instanceof List<?> list && list.size() == 2) {
                list.forEach(piece -> merges.add(String.valueOf(piece)));
            } else if (merge instanceof String pair) {
                int space = pair.indexOf(' ');
                merges.add(pair.substring(0, Math.max(0, space)));
                merges.add(pair.substring(space + 1));
            } else {
                throw new IllegalArgumentException(
                        "model.merges: number " + merges.size() / 2 + " is " + merge + ", not two tokens");
            }
        }
    }

    /// The current value as maps, lists, strings, longs, doubles, booleans and nulls.
    private Object value() {
        return switch (json.currentToken()) {
            case null -> throw new IllegalArgumentException("the file is empty");
            case START_OBJECT -> {
                Map<String, Object> map = new LinkedHashMap<>();
                for (String name = json.nextName(); name != null; name = json.nextName()) {
                    json.nextToken();
                    map.put(name, value());
                }
                yield map;
            }
            case START_ARRAY -> {
                List<Object> list = new ArrayList<>();
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    list.add(value());
                }
                yield list;
            }
            case VALUE_NUMBER_INT -> json.getNumberType() == JsonParser.NumberType.BIG_INTEGER
                    ? json.getString()
                    : (Object) json.getLongValue();
            case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case VALUE_STRING, VALUE_EMBEDDED_OBJECT, PROPERTY_NAME, END_OBJECT, END_ARRAY, NOT_AVAILABLE ->
                json.getString();
        };
    }
}

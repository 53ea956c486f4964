package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
        return parse(path, reader -> {
            reader.json.nextToken();
            for (String name = reader.json.nextName(); name != null; name = reader.json.nextName()) {
                reader.json.nextToken();
                if (name.equals("added_tokens")) {
                    return reader.added(reader.value());
                }
                reader.json.skipChildren();
            }
            return List.of();
        });
    }

    /// A `tokenizer_config.json`'s `added_tokens_decoder`, in the order of the ids.
    static List<AddedToken> addedTokensDecoder(Path path) throws IOException {
        return parse(path, reader -> {
            if (reader.json.nextToken() == null) {
                throw new IllegalArgumentException("the file is empty");
            }
            List<Object> list = new ArrayList<>();
            if (reader.value() instanceof Map<?, ?> config
                    && config.get("added_tokens_decoder") instanceof Map<?, ?> tokens) {
                tokens.forEach((id, token) -> {
                    Map<Object, Object> entry = new HashMap<>(object(token, "added_tokens_decoder: " + id));
                    entry.put("id", id);
                    list.add(entry);
                });
            }
            return reader.added(list);
        });
    }

    /// The object in a file; empty if there is no such file.
    static Map<?, ?> object(Path path) throws IOException {
        return !Files.isRegularFile(path) ? Map.of() : parse(path, reader -> {
            reader.json.nextToken();
            return object(reader.value(), "the file");
        });
    }

    /// The name of the special token that a `tokenizer.json`'s template puts before a text, empty if it puts none
    /// there, null if there is no template.
    static String firstOfTemplate(Path path) throws IOException {
        return !Files.isRegularFile(path) ? null : parse(path, reader -> {
            reader.json.nextToken();
            for (String name = reader.json.nextName(); name != null; name = reader.json.nextName()) {
                reader.json.nextToken();
                if (name.equals("post_processor")) {
                    reader.top.put(name, reader.value());
                    return reader.firstOfTemplate();
                }
                reader.json.skipChildren();
            }
            return null;
        });
    }

    private String firstOfTemplate() {
        for (Map<?, ?> step : steps("post_processor", "processors")) {
            if (type(step).equals("TemplateProcessing")) {
                List<?> single = list(step.get("single"), "post_processor.single");
                boolean special = !single.isEmpty()
                        && object(single.getFirst(), "post_processor.single").get("SpecialToken") != null;
                return special
                        ? String.valueOf(
                                object(object(single.getFirst(), "").get("SpecialToken"), "post_processor SpecialToken")
                                        .get("id"))
                        : "";
            }
        }
        return null;
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
        checkModel();
        List<Map<?, ?>> normalizers = steps("normalizer", "normalizers");
        refuseUnless(normalizers.isEmpty(), "normalizer", String.join(", ", types(normalizers)), "none");
        SplitPattern pattern = pattern(steps("pre_tokenizer", "pretokenizers"));
        checkTypes("decoder", "decoders", List.of("ByteLevel"));
        checkTypes("post_processor", "processors", List.of("ByteLevel", "TemplateProcessing"));
        List<AddedToken> added = TokenizerVocab.withModelIds(added(top.get("added_tokens")), idOfToken);
        TokenizerVocab vocab = TokenizerVocab.of(idOfToken, merges, added);
        checkMerges(vocab);
        return Tokenizer.of(vocab.vocabulary(), vocab.added(), vocab.numbering(), pattern);
    }

    private void readModel() {
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            JsonToken token = json.nextToken();
            if (name.equals("vocab") && token == JsonToken.START_OBJECT) {
                for (String piece = json.nextName(); piece != null; piece = json.nextName()) {
                    idOfToken.put(piece,
                            json.nextToken() == JsonToken.VALUE_NUMBER_INT
                                    ? id(value(), piece)
                                    : id(json.getString(), piece));
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

    private void checkModel() {
        Object type = model.getOrDefault("type", "BPE");
        refuseUnless(type.equals("BPE"), "model type", type, "BPE");
        for (String name : List.of("dropout", "unk_token", "continuing_subword_prefix", "end_of_word_suffix")) {
            Object value = model.get(name);
            refuseUnless(value == null || value.equals("") || value.equals(0.0), "model." + name, value, "null");
        }
        refuseUnless(!Boolean.TRUE.equals(model.get("byte_fallback")), "model.byte_fallback", true, "false");
    }

    /// Either the pattern and a plain byte level, or the byte level with its built-in pattern, GPT-2's.
    private static SplitPattern pattern(List<Map<?, ?>> steps) {
        List<String> types = types(steps);
        Map<?, ?> byteLevel = types.isEmpty() || !types.getLast().equals("ByteLevel") ? Map.of() : steps.getLast();
        boolean hasSplit = types.equals(List.of("Split", "ByteLevel"));
        refuseUnless(hasSplit || types.equals(List.of("ByteLevel")), "pre_tokenizer", types,
                "[Split, ByteLevel] or [ByteLevel]");
        refuseUnless(Boolean.FALSE.equals(byteLevel.get("add_prefix_space")),
                "pre_tokenizer ByteLevel add_prefix_space", true, "false");
        boolean ownRegex = !Boolean.FALSE.equals(byteLevel.get("use_regex"));
        refuseUnless(ownRegex != hasSplit, "pre_tokenizer ByteLevel use_regex", ownRegex, !hasSplit);
        if (!hasSplit) {
            return SplitPattern.GPT2;
        }
        Map<?, ?> split = steps.getFirst();
        refuseUnless("Isolated".equals(split.get("behavior")), "pre_tokenizer Split behavior", split.get("behavior"),
                "Isolated");
        refuseUnless(!Boolean.TRUE.equals(split.get("invert")), "pre_tokenizer Split invert", true, "false");
        Object regex = split.get("pattern") instanceof Map<?, ?> map ? map.get("Regex") : null;
        for (SplitPattern pattern : SplitPattern.values()) {
            if (pattern.regex.equals(regex)) {
                return pattern;
            }
        }
        throw new IllegalArgumentException("pre_tokenizer splits by " + (regex == null ? split.get("pattern") : regex)
                + ", which is not supported; this program knows the expressions of llama3 (cl100k), gpt2 and o200k");
    }

    /// The steps of a part, without the sequences around them.
    private List<Map<?, ?>> steps(String part, String inner) {
        List<Map<?, ?>> steps = new ArrayList<>();
        flatten(top.get(part), part, inner, steps);
        return steps;
    }

    private static void flatten(Object step, String part, String inner, List<Map<?, ?>> steps) {
        if (step == null) {
            return;
        }
        Map<?, ?> map = object(step, part);
        if (type(map).equals("Sequence")) {
            list(map.get(inner), part + "." + inner).forEach(next -> flatten(next, part, inner, steps));
        } else {
            steps.add(map);
        }
    }

    private void checkTypes(String part, String inner, List<String> known) {
        List<String> found = types(steps(part, inner));
        refuseUnless(known.containsAll(found), part, String.join(", ", found), String.join(" or ", known));
    }

    /// In the order of their ids.
    private List<AddedToken> added(Object entries) {
        List<AddedToken> tokens = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (Object item : entries == null ? List.of() : list(entries, "added_tokens")) {
            Map<?, ?> entry = object(item, "added_tokens");
            if (!(entry.get("content") instanceof String name) || name.isEmpty()) {
                throw new IllegalArgumentException("added token " + entry + " must have a text \"content\"");
            }
            if (!names.add(name)) {
                throw new IllegalArgumentException("added token \"" + name + "\" is there twice");
            }
            tokens.add(new AddedToken(name, id(entry.get("id"), name), flag(entry, "special", true),
                    flag(entry, "single_word", false), flag(entry, "lstrip", false), flag(entry, "rstrip", false),
                    flag(entry, "normalized", false)));
        }
        tokens.sort(Comparator.comparingInt(AddedToken::id));
        for (int i = 1; i < tokens.size(); i++) {
            if (tokens.get(i).id() == tokens.get(i - 1).id()) {
                throw new IllegalArgumentException("id " + tokens.get(i).id() + " is there twice, for the added"
                        + " tokens \"" + tokens.get(i - 1).name() + "\" and \"" + tokens.get(i).name() + "\"");
            }
        }
        return tokens;
    }

    private static boolean flag(Map<?, ?> entry, String name, boolean absent) {
        return switch (entry.get(name)) {
            case null -> absent;
            case Boolean flag -> flag;
            case Object other -> throw new IllegalArgumentException("added token \"" + entry.get("content") + "\": \""
                    + name + "\" is " + other + "; it must be true or false");
        };
    }

    /// An id as a number, or as a key.
    private static int id(Object value, String token) {
        long id = switch (value) {
            case Long number -> number;
            case String key when key.matches("\\d{1,18}") -> Long.parseLong(key);
            case null, default -> throw new IllegalArgumentException(
                    "token \"" + token + "\" has the id " + value + "; it must have a number");
        };
        if (id < 0 || id > TokenizerVocab.LAST_ID) {
            throw new IllegalArgumentException(
                    "token \"" + token + "\" has the id " + id + "; ids are 0 to " + TokenizerVocab.LAST_ID);
        }
        return (int) id;
    }

    /// This program merges by rank. A list of merges means the same if it holds every merge that the ranks allow, in
    /// their order, or if it is the history of a training by which every token can be reached. And only where every
    /// token can be reached does looking up whole pieces first (`ignore_merges`) change nothing.
    private void checkMerges(TokenizerVocab vocab) {
        Vocabulary vocabulary = vocab.vocabulary();
        long[] listed = new long[merges.size() / 2];
        for (int i = 0; i < listed.length; i++) {
            listed[i] = (long) vocab.rank(merges.get(2 * i)) << 32 | vocab.rank(merges.get(2 * i + 1));
        }
        long[] natural = Merges.natural(vocabulary);
        boolean wholeFirst = Boolean.TRUE.equals(model.get("ignore_merges"));
        refuseUnless(wholeFirst || natural != null, "model.ignore_merges", false,
                "true, as this vocabulary has tokens that merging alone never makes");
        if (!Arrays.equals(listed, natural) && !Arrays.equals(listed, Merges.all(vocabulary))) {
            throw new IllegalArgumentException("model.merges (" + listed.length + ") do not follow the order of the"
                    + " ids, so that merging by rank would give other tokens; such a vocabulary is not supported");
        }
    }

    private static String type(Object part) {
        return part instanceof Map<?, ?> map ? String.valueOf(map.get("type")) : String.valueOf(part);
    }

    private static List<String> types(List<Map<?, ?>> steps) {
        List<String> types = new ArrayList<>();
        steps.forEach(step -> types.add(type(step)));
        return types;
    }

    private static Map<?, ?> object(Object value, String what) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new IllegalArgumentException(what + " is " + value + "; it must be an object");
    }

    private static List<?> list(Object value, String what) {
        if (value instanceof List<?> list) {
            return list;
        }
        throw new IllegalArgumentException(what + " is " + value + "; it must be a list");
    }

    private static void refuseUnless(boolean holds, String what, Object found, Object wanted) {
        if (!holds) {
            throw new IllegalArgumentException(what + " " + found + " is not supported; this program reads"
                    + " byte-level BPE as Llama 3 has it: " + what + " " + wanted);
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

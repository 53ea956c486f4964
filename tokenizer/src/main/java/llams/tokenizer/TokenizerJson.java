package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
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
import tools.jackson.core.json.JsonFactory;

/// Reads Hugging Face's `tokenizer.json` of the kind that Llama 3 has: byte-level BPE with ranks. What this program would do
/// differently from the file's wish is refused by name.
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

    /// The names and ids of a `tokenizer.json`'s `added_tokens`, in the order of the ids; the rest of the file is not read if it
    /// follows them, as it does in all files that Hugging Face's library writes.
    static Map<String, Integer> addedTokens(Path path) throws IOException {
        return parse(path, reader -> {
            reader.json.nextToken();
            for (String name = reader.json.nextName(); name != null; name = reader.json.nextName()) {
                reader.json.nextToken();
                if (name.equals("added_tokens")) {
                    return reader.added(reader.value());
                }
                reader.json.skipChildren();
            }
            return Map.of();
        });
    }

    /// The names and ids of a `tokenizer_config.json`'s `added_tokens_decoder`, in the order of the ids.
    static Map<String, Integer> addedTokensDecoder(Path path) throws IOException {
        return parse(path, reader -> {
            if (reader.json.nextToken() == null) {
                throw new IllegalArgumentException("the file is empty");
            }
            List<Object> list = new ArrayList<>();
            if (reader.value() instanceof Map<?, ?> config && config.get("added_tokens_decoder") instanceof Map<?, ?> tokens) {
                tokens.forEach((id, token) -> {
                    Map<Object, Object> entry = new HashMap<>((Map<?, ?>) token);
                    entry.put("id", Long.valueOf((String) id));
                    list.add(entry);
                });
            }
            return reader.added(list);
        });
    }

    private static <T> T parse(Path path, Function<TokenizerJson, T> work) throws IOException {
        try (var in = Files.newInputStream(path); JsonParser json = FACTORY.createParser(ObjectReadContext.empty(), in)) {
            return work.apply(new TokenizerJson(path, json));
        } catch (JacksonException e) {
            throw new IOException(path + ":" + e.getLocation().getLineNr() + ": no valid JSON: " + e.getOriginalMessage()
                    + "; download the file again", e);
        } catch (IllegalArgumentException | ClassCastException e) {
            throw new IOException(path + ": " + e.getMessage(), e);
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
        refuseUnless(top.get("normalizer") == null, "normalizer", type(top.get("normalizer")), "none");
        SplitPattern pattern = pattern(top.get("pre_tokenizer"));
        checkType("decoder", List.of("ByteLevel"));
        checkType("post_processor", List.of("ByteLevel", "TemplateProcessing", "Sequence"));
        Map<String, Integer> added = added(top.getOrDefault("added_tokens", List.of()));
        Vocabulary vocabulary = vocabulary(added);
        checkMerges(vocabulary);
        return Tokenizer.of(vocabulary, added, pattern);
    }

    private void readModel() {
        for (String name = json.nextName(); name != null; name = json.nextName()) {
            JsonToken token = json.nextToken();
            if (name.equals("vocab") && token == JsonToken.START_OBJECT) {
                for (String piece = json.nextName(); piece != null; piece = json.nextName()) {
                    json.nextToken();
                    idOfToken.put(piece, json.getIntValue());
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
            if (json.currentToken() == JsonToken.START_ARRAY) {
                while (json.nextToken() != JsonToken.END_ARRAY) {
                    merges.add(json.getString());
                }
            } else {
                String pair = json.getString();
                int space = pair.indexOf(' ');
                merges.add(pair.substring(0, Math.max(0, space)));
                merges.add(pair.substring(space + 1));
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
    private static SplitPattern pattern(Object preTokenizer) {
        List<?> steps = type(preTokenizer).equals("Sequence") ? (List<?>) ((Map<?, ?>) preTokenizer).get("pretokenizers")
                : preTokenizer == null ? List.of() : List.of(preTokenizer);
        List<String> types = steps.stream().map(TokenizerJson::type).toList();
        Map<?, ?> byteLevel = types.isEmpty() || !types.getLast().equals("ByteLevel") ? Map.of() : (Map<?, ?>) steps.getLast();
        boolean hasSplit = types.equals(List.of("Split", "ByteLevel"));
        refuseUnless(hasSplit || types.equals(List.of("ByteLevel")), "pre_tokenizer", types, "[Split, ByteLevel] or [ByteLevel]");
        refuseUnless(Boolean.FALSE.equals(byteLevel.get("add_prefix_space")), "pre_tokenizer ByteLevel add_prefix_space", true, "false");
        boolean ownRegex = !Boolean.FALSE.equals(byteLevel.get("use_regex"));
        refuseUnless(ownRegex != hasSplit, "pre_tokenizer ByteLevel use_regex", ownRegex, !hasSplit);
        if (!hasSplit) {
            return SplitPattern.GPT2;
        }
        Map<?, ?> split = (Map<?, ?>) steps.getFirst();
        refuseUnless("Isolated".equals(split.get("behavior")), "pre_tokenizer Split behavior", split.get("behavior"), "Isolated");
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

    private void checkType(String part, List<String> known) {
        Object value = top.get(part);
        refuseUnless(value == null || known.contains(type(value)), part, type(value), String.join(" or ", known));
    }

    /// `{name: id}` in the order of the ids of entries `{"id": ..., "content": ...}`.
    private Map<String, Integer> added(Object list) {
        List<Map<?, ?>> tokens = new ArrayList<>();
        for (Object item : (List<?>) list) {
            Map<?, ?> token = (Map<?, ?>) item;
            for (String flag : List.of("single_word", "lstrip", "rstrip")) {
                refuseUnless(!Boolean.TRUE.equals(token.get(flag)), "added token " + token.get("content") + ": " + flag, true, "false");
            }
            if (!(token.get("id") instanceof Long) || !(token.get("content") instanceof String)) {
                throw new IllegalArgumentException("added token " + token + " must have a number \"id\" and a text \"content\"");
            }
            tokens.add(token);
        }
        tokens.sort(Comparator.comparingLong(token -> (Long) token.get("id")));
        Map<String, Integer> ids = new LinkedHashMap<>();
        int last = -1;
        for (Map<?, ?> token : tokens) {
            String name = (String) token.get("content");
            int id = Math.toIntExact((Long) token.get("id"));
            if (name.isEmpty() || id == last || ids.putIfAbsent(name, id) != null) {
                throw new IllegalArgumentException("added token \"" + name + "\" with id " + id + " is empty or there twice");
            }
            last = id;
        }
        return ids;
    }

    /// The ordinary tokens: the model's without the added ones, which some files list there too.
    private Vocabulary vocabulary(Map<String, Integer> added) {
        added.forEach((name, id) -> idOfToken.remove(name, id));
        int size = idOfToken.size();
        byte[][] tokens = new byte[size][];
        idOfToken.forEach((piece, id) -> {
            if (id < 0 || id >= size || tokens[id] != null) {
                throw new IllegalArgumentException("model.vocab: token \"" + piece + "\" has id " + id + "; the ids of its " + size
                        + " ordinary tokens must be 0 to " + (size - 1) + ", each once, with added tokens behind them");
            }
            tokens[id] = ByteLevel.decode(piece);
        });
        added.forEach((name, id) -> {
            if (id < size || id > size + (1 << 20)) {
                throw new IllegalArgumentException("added token " + name + " has id " + id + "; added tokens must follow the " + size
                        + " ordinary ones");
            }
        });
        return Tokenizer.of(Arrays.asList(tokens), List.of()).vocabulary();
    }

    /// This program merges by rank. A list of merges means the same if it holds every merge that the ranks allow, in their
    /// order, or if it is the history of a training by which every token can be reached. And only where every token can be
    /// reached does looking up whole pieces first (`ignore_merges`) change nothing.
    private void checkMerges(Vocabulary vocabulary) {
        long[] listed = new long[merges.size() / 2];
        for (int i = 0; i < listed.length; i++) {
            listed[i] = (long) mergeId(merges.get(2 * i)) << 32 | mergeId(merges.get(2 * i + 1));
        }
        long[] natural = Merges.natural(vocabulary);
        boolean wholeFirst = Boolean.TRUE.equals(model.get("ignore_merges"));
        refuseUnless(wholeFirst || natural != null, "model.ignore_merges", false,
                "true, as this vocabulary has tokens that merging alone never makes");
        if (!Arrays.equals(listed, natural) && !Arrays.equals(listed, Merges.all(vocabulary))) {
            throw new IllegalArgumentException("model.merges (" + listed.length + ") do not follow the order of the ids, so that merging by "
                    + "rank would give other tokens; such a vocabulary is not supported");
        }
    }

    private int mergeId(String piece) {
        Integer id = idOfToken.get(piece);
        if (id == null) {
            throw new IllegalArgumentException("model.merges: \"" + piece + "\" is not in model.vocab");
        }
        return id;
    }

    private static String type(Object part) {
        return part instanceof Map<?, ?> map ? String.valueOf(map.get("type")) : String.valueOf(part);
    }

    private static void refuseUnless(boolean holds, String what, Object found, Object wanted) {
        if (!holds) {
            throw new IllegalArgumentException(what + " " + found + " is not supported; this program reads byte-level BPE as Llama 3 has it: "
                    + what + " " + wanted);
        }
    }

    /// The current value as maps, lists, strings, longs, doubles, booleans and nulls.
    private Object value() {
        return switch (json.currentToken()) {
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
            case VALUE_NUMBER_INT -> json.getLongValue();
            case VALUE_NUMBER_FLOAT -> json.getDoubleValue();
            case VALUE_TRUE -> true;
            case VALUE_FALSE -> false;
            case VALUE_NULL -> null;
            case VALUE_STRING, VALUE_EMBEDDED_OBJECT, PROPERTY_NAME, END_OBJECT, END_ARRAY, NOT_AVAILABLE -> json.getString();
        };
    }
}

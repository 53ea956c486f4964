package llams.tokenizer;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// What values of a tokenizer's JSON files mean: maps, lists, strings, longs, doubles, booleans and nulls. The path of
/// loading avoids pattern switches, lambdas and joined strings: their first use takes Java longer than loading itself.
final class TokenizerValues {

    private TokenizerValues() {}

    /// `added_tokens`, in the order of their ids.
    ///
    /// @throws IllegalArgumentException if they are not right
    static List<AddedToken> added(Object entries) {
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
        boolean ascends = true;
        for (int i = 1; i < tokens.size(); i++) {
            ascends &= tokens.get(i - 1).id() <= tokens.get(i).id();
        }
        if (!ascends) {
            tokens.sort(Comparator.comparingInt(AddedToken::id));
        }
        for (int i = 1; i < tokens.size(); i++) {
            if (tokens.get(i).id() == tokens.get(i - 1).id()) {
                throw new IllegalArgumentException("id " + tokens.get(i).id() + " is there twice, for the added"
                        + " tokens \"" + tokens.get(i - 1).name() + "\" and \"" + tokens.get(i).name() + "\"");
            }
        }
        return tokens;
    }

    private static boolean flag(Map<?, ?> entry, String name, boolean absent) {
        Object value = entry.get(name);
        if (value == null) {
            return absent;
        }
        if (value instanceof Boolean flag) {
            return flag;
        }
        throw new IllegalArgumentException("added token \"" + entry.get("content") + "\": \"" + name + "\" is " + value
                + "; it must be true or false");
    }

    /// An id as a number, or as a key.
    static int id(Object value, String token) {
        if (!(value instanceof Long) && !(value instanceof String key && key.matches("\\d{1,18}"))) {
            throw new IllegalArgumentException(
                    "token \"" + token + "\" has the id " + value + "; it must have a number");
        }
        long id = value instanceof Long number ? number : Long.parseLong((String) value);
        if (id < 0 || id > TokenizerVocab.LAST_ID) {
            throw new IllegalArgumentException(
                    "token \"" + token + "\" has the id " + id + "; ids are 0 to " + TokenizerVocab.LAST_ID);
        }
        return (int) id;
    }

    static Map<?, ?> object(Object value, String what) {
        if (value instanceof Map<?, ?> map) {
            return map;
        }
        throw new IllegalArgumentException(what + " is " + value + "; it must be an object");
    }

    static List<?> list(Object value, String what) {
        if (value instanceof List<?> list) {
            return list;
        }
        throw new IllegalArgumentException(what + " is " + value + "; it must be a list");
    }
}

package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;

/// The tokens that begin and end a text: the one place where that is decided, for training, evaluation, prompts and
/// `--bos`.
///
/// What begins a text is decided by the first of these that says something:
///
/// 1. the template in `tokenizer.json`'s `post_processor`, as it is what Hugging Face's tokenizers do whatever the
///    others say
/// 2. `add_bos_token: false` of `tokenizer_config.json`: nothing
/// 3. `config.json`'s `bos_token_id`, then `bos_token` of `tokenizer_config.json`
/// 4. a special token named `<|begin_of_text|>`
///
/// What ends one: Llama 3's `<|end_of_text|>`, else `eos_token`, else the first of `eos_token_id`.
///
/// @param first an id, or [#NONE]
/// @param last  an id, or [#NONE]
/// @param note  what a user should know about that; null for nothing
public record TextFrame(int first, int last, String note) {

    public static final int NONE = -1;

    /// @param place where the tokenizer is: a model's directory, or a file
    public static TextFrame of(Path place, Tokenizer tokenizer) throws IOException {
        Path directory = Files.isDirectory(place) ? place : place.toAbsolutePath().getParent();
        Path json = Files.isDirectory(place) || !place.toString().endsWith(".json")
                ? directory.resolve("tokenizer.json")
                : place;
        Map<?, ?> config = TokenizerJson.object(directory.resolve("tokenizer_config.json"));
        Map<?, ?> model = TokenizerJson.object(directory.resolve("config.json"));
        int last = named(tokenizer, SpecialTokens.END_OF_TEXT);
        if (last == NONE) {
            last = named(tokenizer, name(config.get("eos_token")));
        }
        if (last == NONE) {
            last = id(tokenizer, model.get("eos_token_id"));
        }
        String template = TokenizerJson.firstOfTemplate(json);
        int ofConfig = id(tokenizer, model.get("bos_token_id"));
        int ofTokenizer = named(tokenizer, name(config.get("bos_token")));
        if (template != null) {
            int first = named(tokenizer, template);
            boolean other = first != NONE && ofConfig != NONE && ofConfig != first;
            return new TextFrame(first, last,
                    other
                            ? "texts begin with " + template + ", as tokenizer.json's"
                                    + " post_processor has it; config.json's bos_token_id is " + ofConfig
                            : note(first, last));
        }
        int first = Boolean.FALSE.equals(config.get("add_bos_token"))
                ? NONE
                : ofConfig != NONE
                        ? ofConfig
                        : ofTokenizer != NONE ? ofTokenizer : named(tokenizer, SpecialTokens.BEGIN_OF_TEXT);
        return new TextFrame(first, last, note(first, last));
    }

    /// For a vocabulary without files: by Llama 3's names.
    public static TextFrame of(Tokenizer tokenizer) {
        int first = named(tokenizer, SpecialTokens.BEGIN_OF_TEXT);
        int last = named(tokenizer, SpecialTokens.END_OF_TEXT);
        return new TextFrame(first, last, note(first, last));
    }

    private static String note(int first, int last) {
        if (first != NONE && last != NONE) {
            return null;
        }
        String which = first == NONE && last == NONE ? "begins or ends" : first == NONE ? "begins" : "ends";
        return "no token " + which + " a text: neither tokenizer.json nor tokenizer_config.json nor config.json"
                + " names one";
    }

    /// `ids` between the tokens.
    ///
    /// @param begins whether the first token is wanted; it is never there twice
    /// @param ends   whether the last token is
    public int[] around(int[] ids, boolean begins, boolean ends) {
        int before = begins && first != NONE && (ids.length == 0 || ids[0] != first) ? 1 : 0;
        int after = ends && last != NONE && (ids.length == 0 || ids[ids.length - 1] != last) ? 1 : 0;
        int[] framed = new int[before + ids.length + after];
        System.arraycopy(ids, 0, framed, before, ids.length);
        if (before > 0) {
            framed[0] = first;
        }
        if (after > 0) {
            framed[framed.length - 1] = last;
        }
        return framed;
    }

    private static int named(Tokenizer tokenizer, String name) {
        OptionalInt id = name == null || name.isEmpty() ? OptionalInt.empty() : tokenizer.token(name);
        return id.orElse(NONE);
    }

    /// A token's name as a text, or as an object with its `content`.
    private static String name(Object token) {
        return token instanceof String text
                ? text
                : token instanceof Map<?, ?> map && map.get("content") instanceof String text ? text : null;
    }

    private static int id(Tokenizer tokenizer, Object value) {
        Object first = value instanceof List<?> list && !list.isEmpty() ? list.getFirst() : value;
        return first instanceof Long id && id >= 0 && id < tokenizer.size() ? (int) (long) id : NONE;
    }
}

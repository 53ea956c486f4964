package llams.model.convert;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalInt;
import llams.engine.gguf.GgufValue;
import llams.engine.llama.LlamaConfig;
import llams.engine.weights.ConfigJson;
import llams.model.chat.ChatTemplate;
import llams.model.files.ModelFiles;
import llams.tokenizer.GgufVocabulary;
import llams.tokenizer.Tokenizer;

/// What GGUF files say of a model's texts: vocabulary, ids that begin and end, chat template.
public final class GgufTexts {
    private static final String MODEL = "tokenizer.ggml.model";
    private static final String BYTE_LEVEL = "gpt2";
    private static final String PATTERN = "tokenizer.ggml.pre";
    private static final String PIECES = "tokenizer.ggml.tokens";
    private static final String TYPES = "tokenizer.ggml.token_type";
    private static final String MERGES = "tokenizer.ggml.merges";
    private static final String BEGIN = "tokenizer.ggml.bos_token_id";
    private static final String END = "tokenizer.ggml.eos_token_id";
    private static final String TEMPLATE = "tokenizer.chat_template";
    /// Ends of turns and messages, which have keys of their own.
    private static final Map<String, String> MORE_ENDS = Map.of("<|eot_id|>", "tokenizer.ggml.eot_token_id",
            "<|eom_id|>", "tokenizer.ggml.eom_token_id");

    private GgufTexts() {}

    /// The keys for a model's directory; none of a tokenizer if it has none.
    ///
    /// @param adapter whose files count before the model's; may be null
    /// @throws IOException if the tokenizer does not fit the model; says why
    static Map<String, GgufValue> values(Path model, Path adapter, LlamaConfig config) throws IOException {
        Map<String, GgufValue> values = new LinkedHashMap<>();
        Path texts = adapter != null && ModelFiles.hasTokenizer(adapter) ? adapter : model;
        if (!ModelFiles.hasTokenizer(texts)) {
            values.put(MODEL, GgufValue.of("none"));
            return values;
        }
        Tokenizer tokenizer = Tokenizer.load(texts);
        GgufVocabulary vocabulary;
        try {
            vocabulary = GgufVocabulary.of(tokenizer, config.vocab());
        } catch (IllegalArgumentException e) {
            throw new IOException(texts + ": " + e.getMessage(), e);
        }
        values.put(MODEL, GgufValue.of(BYTE_LEVEL));
        values.put(PATTERN, GgufValue.of(vocabulary.pattern()));
        values.put(PIECES, GgufValue.of(vocabulary.pieces()));
        values.put(TYPES, GgufValue.of(vocabulary.types()));
        values.put(MERGES, GgufValue.of(vocabulary.merges()));
        Path generation = adapter != null && Files.exists(adapter.resolve("generation_config.json")) ? adapter : model;
        putIds(values, tokenizer, config, ConfigJson.stopIds(config, generation));
        String template = adapter == null ? null : ChatTemplate.textIn(adapter).orElse(null);
        if (template == null) {
            template = ChatTemplate.textIn(model).orElse(null);
        }
        if (template != null) {
            values.put(TEMPLATE, GgufValue.of(template));
        }
        return values;
    }

    /// Ids of the config that are no special tokens are mistakes: then the tokenizer's own count.
    private static void putIds(Map<String, GgufValue> values, Tokenizer tokenizer, LlamaConfig config,
            List<Integer> stops) {
        int begin = config.metadata().bos();
        OptionalInt first = isSpecial(tokenizer, begin)
                ? OptionalInt.of(begin)
                : tokenizer.special("<|begin_of_text|>");
        first.ifPresent(id -> values.put(BEGIN, GgufValue.of(id)));
        values.put("tokenizer.ggml.add_bos_token", GgufValue.of(first.isPresent()));
        List<Integer> ends = new ArrayList<>(stops);
        ends.removeIf(id -> !isSpecial(tokenizer, id));
        if (ends.isEmpty()) {
            tokenizer.special("<|end_of_text|>").ifPresent(ends::add);
        }
        Integer last = ends.isEmpty() ? null : ends.getFirst();
        MORE_ENDS.forEach((name, key) -> tokenizer.special(name).ifPresent(id -> {
            if (ends.remove(Integer.valueOf(id))) {
                values.put(key, GgufValue.of(id));
            }
        }));
        if (last != null) {
            values.put(END, GgufValue.of(ends.isEmpty() ? last : ends.getFirst()));
        }
    }

    private static boolean isSpecial(Tokenizer tokenizer, int id) {
        return id >= 0 && tokenizer.specials().containsValue(id);
    }
}

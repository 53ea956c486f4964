package llams.model.files;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import llams.engine.gguf.GgufFile;
import llams.engine.gguf.GgufMetadata;
import llams.tokenizer.GgufVocabulary;
import llams.tokenizer.TextFrame;
import llams.tokenizer.Tokenizer;

/// What a GGUF file says about text.
///
/// @param namedTokens `bos_token` and `eos_token`, which templates write by name
/// @param template    the chat template; null if there is none
public record GgufText(Tokenizer tokenizer, TextFrame frame, Map<String, String> namedTokens, String template) {
    private static final String MODEL = "tokenizer.ggml.model";
    private static final String BYTE_LEVEL = "gpt2";
    private static final String NO_TOKENIZER = "none";
    private static final String TEMPLATE = "tokenizer.chat_template";

    /// Whether the file has a tokenizer at all.
    public static boolean isIn(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return isIn(gguf.metadata);
        }
    }

    /// The same of a file that is open.
    public static boolean isIn(GgufMetadata metadata) throws IOException {
        return !metadata.text(MODEL, NO_TOKENIZER).equals(NO_TOKENIZER);
    }

    /// @throws IOException if the file is damaged or has no tokenizer, or one of a kind that this program does not have;
    ///                     says which
    public static GgufText read(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            return read(gguf.metadata);
        }
    }

    /// The same of a file that is open.
    public static GgufText read(GgufMetadata metadata) throws IOException {
        GgufVocabulary vocabulary = vocabulary(metadata);
        Map<String, String> named = new LinkedHashMap<>();
        int begin = token(metadata, "bos", vocabulary, named);
        int end = token(metadata, "eos", vocabulary, named);
        boolean isBegun = metadata.flag("tokenizer.ggml.add_bos_token", true);
        try {
            Tokenizer tokenizer = vocabulary.tokenizer();
            TextFrame names = TextFrame.of(tokenizer);
            int first = !isBegun ? TextFrame.NONE : begin == TextFrame.NONE ? names.first() : begin;
            int last = names.last() == TextFrame.NONE ? end : names.last();
            String note = first == TextFrame.NONE || last == TextFrame.NONE
                    ? "no token " + (first == TextFrame.NONE ? "begins" : "ends") + " a text: the file names none"
                    : null;
            return new GgufText(tokenizer, new TextFrame(first, last, note), named, metadata.text(TEMPLATE, null));
        } catch (IllegalArgumentException e) {
            throw new IOException(metadata.file() + ": " + e.getMessage(), e);
        }
    }

    private static GgufVocabulary vocabulary(GgufMetadata metadata) throws IOException {
        String model = metadata.text(MODEL, NO_TOKENIZER);
        if (!model.equals(BYTE_LEVEL)) {
            throw new IOException(metadata.file() + ": tokenizer \"" + model
                    + "\" is not supported; this program knows byte-level vocabularies, \"" + BYTE_LEVEL + "\"");
        }
        return new GgufVocabulary(metadata.text("tokenizer.ggml.pre", "gpt-2"), metadata.texts("tokenizer.ggml.tokens"),
                metadata.ints("tokenizer.ggml.token_type"), metadata.texts("tokenizer.ggml.merges"));
    }

    /// A special id and its name, if the file has them.
    private static int token(GgufMetadata metadata, String which, GgufVocabulary vocabulary, Map<String, String> named)
            throws IOException {
        long id = metadata.whole("tokenizer.ggml." + which + "_token_id", Long.MAX_VALUE);
        if (id >= vocabulary.pieces().size()) {
            return TextFrame.NONE;
        }
        named.put(which + "_token", vocabulary.pieces().get((int) id));
        return (int) id;
    }

    /// A hash of all that decides how text becomes ids.
    public static String fingerprint(Path file) throws IOException {
        try (GgufFile gguf = GgufFile.open(file)) {
            GgufVocabulary vocabulary = vocabulary(gguf.metadata);
            return Sha256.ofText(String.join("\n", vocabulary.pattern(), vocabulary.pieces().toString(),
                    vocabulary.merges().toString(), Arrays.toString(vocabulary.types()),
                    gguf.metadata.text(TEMPLATE, "")));
        }
    }
}

package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// The `tokenizer.json` of an extended tokenizer: its base's, with the new tokens in `model.vocab` and their merges in
/// `model.merges`. All else stays as it is.
///
/// A library that reads the file counts the tokens of `model.vocab` and then those of `added_tokens` that are not among
/// them. Special tokens whose ids lie between the others must therefore be in `model.vocab` too.
final class ExtendedJson {

    private static final int BYTES = 256;

    private final Tokenizer tokenizer;
    private final Vocabulary vocabulary;

    private ExtendedJson(Tokenizer tokenizer) {
        this.tokenizer = tokenizer;
        this.vocabulary = tokenizer.vocabulary;
    }

    /// @param base the file of the tokenizer that this one was made from
    static byte[] of(Tokenizer tokenizer, Path base) throws IOException {
        JsonMapper mapper = JsonMapper.shared();
        try {
            JsonNode json = mapper.readTree(Files.readAllBytes(base));
            if (!(json.path("model") instanceof ObjectNode model) || !(model.get("vocab") instanceof ObjectNode vocab)
                    || !(model.get("merges") instanceof ArrayNode merges)) {
                throw new IOException(base + ": has no model with vocab and merges");
            }
            new ExtendedJson(tokenizer).extend(vocab, merges, base);
            return mapper.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
        } catch (JacksonException e) {
            throw new IOException(base + ": no valid JSON: " + e.getOriginalMessage(), e);
        }
    }

    private void extend(ObjectNode vocab, ArrayNode merges, Path base) throws IOException {
        int known = 0;
        for (int rank = 0; rank < vocabulary.size; rank++) {
            known += put(vocab, text(rank), tokenizer.id(rank), base) ? 0 : 1;
        }
        for (AddedToken token : tokenizer.added.tokens) {
            put(vocab, token.name(), tokenizer.id(token.id()), base);
        }
        boolean arePairs = merges.path(0).isArray();
        // One for each token, as training found it, or every way to make it.
        boolean isHistory = merges.size() == known - BYTES;
        long[] history = isHistory ? Merges.natural(vocabulary) : null;
        long[] listed = history != null ? history : Merges.all(vocabulary);
        merges.removeAll();
        for (long merge : listed) {
            String left = text((int) (merge >>> 32));
            String right = text((int) merge);
            if (arePairs) {
                merges.addArray().add(left).add(right);
            } else {
                merges.add(left + " " + right);
            }
        }
    }

    /// Whether the token was not there yet.
    private static boolean put(ObjectNode vocab, String token, int id, Path base) throws IOException {
        JsonNode known = vocab.get(token);
        if (known == null) {
            vocab.put(token, id);
        } else if (known.asInt(-1) != id) {
            throw new IOException(base + ": token \"" + token + "\" has id " + known + ", not " + id
                    + ": this is not the tokenizer that was extended");
        }
        return known == null;
    }

    private String text(int rank) {
        return ByteLevel.encode(vocabulary.pool, vocabulary.offset[rank], vocabulary.offset[rank + 1]);
    }
}

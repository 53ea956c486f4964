package llams.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// A vocabulary as GGUF files list it: a piece and a type for every id, and merges.
///
/// @param pattern how text is cut, by its name there: `llama-bpe`
/// @param pieces  ordinary tokens in the byte-level alphabet of `tokenizer.json`, others as their names
/// @param types   [#NORMAL], [#CONTROL], [#USER_DEFINED] or [#UNUSED]
/// @param merges  two pieces with a blank between them
public record GgufVocabulary(String pattern, List<String> pieces, int[] types, List<String> merges) {
    /// An ordinary token.
    public static final int NORMAL = 1;
    /// A special token.
    public static final int CONTROL = 3;
    /// A token that is one in every text.
    public static final int USER_DEFINED = 4;
    /// An id that stands for nothing.
    public static final int UNUSED = 5;

    private static final Map<String, SplitPattern> PATTERNS = Map.of("llama-bpe", SplitPattern.LLAMA3, "llama3",
            SplitPattern.LLAMA3, "llama-v3", SplitPattern.LLAMA3, "smaug-bpe", SplitPattern.LLAMA3, "gpt-2",
            SplitPattern.GPT2, "gpt-4o", SplitPattern.O200K);

    /// The vocabulary of a model.
    ///
    /// @param size of the model's vocabulary; ids that the tokenizer does not have stand for nothing
    /// @throws IllegalArgumentException if the tokenizer has more ids
    public static GgufVocabulary of(Tokenizer tokenizer, int size) {
        if (tokenizer.size() > size) {
            throw new IllegalArgumentException(
                    "the tokenizer has " + tokenizer.size() + " ids, but the model's vocabulary is " + size);
        }
        String[] pieces = new String[size];
        int[] types = new int[size];
        Arrays.fill(types, UNUSED);
        Arrays.setAll(pieces, id -> "[PAD" + id + "]");
        Vocabulary vocabulary = tokenizer.vocabulary;
        for (int rank = 0; rank < vocabulary.size; rank++) {
            pieces[tokenizer.id(rank)] = piece(vocabulary, rank);
            types[tokenizer.id(rank)] = NORMAL;
        }
        for (AddedToken token : tokenizer.added.tokens) {
            pieces[tokenizer.id(token.id())] = token.name();
            types[tokenizer.id(token.id())] = token.special() ? CONTROL : USER_DEFINED;
        }
        List<String> merges = new ArrayList<>();
        for (long merge : Merges.all(vocabulary)) {
            merges.add(piece(vocabulary, (int) (merge >>> 32)) + " " + piece(vocabulary, (int) merge));
        }
        return new GgufVocabulary(pattern(tokenizer.pattern()), List.of(pieces), types, merges);
    }

    private static String piece(Vocabulary vocabulary, int rank) {
        return ByteLevel.encode(vocabulary.pool, vocabulary.offset[rank], vocabulary.offset[rank + 1]);
    }

    private static String pattern(SplitPattern pattern) {
        return switch (pattern) {
            case LLAMA3, CL100K -> "llama-bpe";
            case GPT2 -> "gpt-2";
            case O200K -> "gpt-4o";
        };
    }

    /// The tokenizer that does what this describes.
    ///
    /// @throws IllegalArgumentException if it is of a kind that this program does not have; says how
    public Tokenizer tokenizer() {
        SplitPattern split = PATTERNS.get(pattern);
        if (split == null) {
            throw new IllegalArgumentException("the way \"" + pattern + "\" of cutting text is not supported; this"
                    + " program knows " + String.join(", ", PATTERNS.keySet().stream().sorted().toList()));
        }
        if (types.length != pieces.size() || types.length > TokenizerVocab.LAST_ID) {
            throw new IllegalArgumentException(pieces.size() + " tokens have " + types.length + " types");
        }
        Map<String, Integer> idOfToken = new HashMap<>();
        List<AddedToken> added = new ArrayList<>();
        Set<String> names = new HashSet<>();
        for (int id = 0; id < types.length; id++) {
            String piece = pieces.get(id);
            boolean isNew = switch (types[id]) {
                case NORMAL -> idOfToken.put(piece, id) == null;
                case CONTROL, USER_DEFINED -> {
                    added.add(new AddedToken(piece, id, types[id] == CONTROL, false, false, false, false));
                    yield !piece.isEmpty() && names.add(piece);
                }
                case UNUSED -> true;
                default -> throw new IllegalArgumentException(
                        "token " + id + " is of type " + types[id] + ", which a byte-level vocabulary does not have");
            };
            if (!isNew) {
                throw new IllegalArgumentException("token " + id + ", \"" + piece + "\", is empty or there twice");
            }
        }
        List<String> parts = new ArrayList<>(2 * merges.size());
        for (String merge : merges) {
            int blank = merge.indexOf(' ', 1);
            parts.add(merge.substring(0, Math.max(0, blank)));
            parts.add(merge.substring(blank + 1));
        }
        TokenizerVocab vocab = TokenizerVocab.of(idOfToken, parts, added);
        // llama.cpp looks up whole pieces first, as Llama 3's tokenizer.json asks for.
        vocab.checkMerges(parts, true);
        return Tokenizer.of(vocab.vocabulary(), vocab.added(), vocab.numbering(), split);
    }
}

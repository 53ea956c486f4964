package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads a `tokenizer.json` as Llama 3 has it: ordinary tokens in the order of their ids, added ones after them, and all
/// merges in the order that the ranks imply. Whatever else is right is read by [TokenizerJson], which also says what is
/// wrong.
final class UsualTokenizerJson {

    /// Where added tokens are, and a good deal more.
    private static final int HEAD_BYTES = 1 << 17;

    private final UsualJson json;
    private final Map<String, Object> top = new HashMap<>();
    private final Map<String, Object> model = new HashMap<>();
    private Vocabulary vocabulary;
    private boolean hasMerges;

    private UsualTokenizerJson(UsualJson json) {
        this.json = json;
    }

    /// The tokenizer, or null if the file is not of the usual form.
    static Tokenizer read(Path path) throws IOException {
        try {
            return new UsualTokenizerJson(UsualJson.open(path)).tokenizer();
        } catch (UsualJson.Unusual | IllegalArgumentException e) {
            return null;
        }
    }

    /// The added tokens in the order of their ids, or null if the file's head is not of the usual form.
    static List<AddedToken> addedTokens(Path path) throws IOException {
        UsualJson json = UsualJson.open(path, HEAD_BYTES);
        try {
            for (boolean more = json.begin('{', '}'); more; more = json.more('}')) {
                String name = json.name();
                Object value = json.value();
                if (name.equals("added_tokens")) {
                    return TokenizerValues.added(value);
                }
            }
            return null;
        } catch (UsualJson.Unusual | IllegalArgumentException e) {
            return null;
        }
    }

    private Tokenizer tokenizer() {
        for (boolean more = json.begin('{', '}'); more; more = json.more('}')) {
            String name = newName(top);
            if (name.equals("model")) {
                readModel();
            } else {
                top.put(name, json.value());
            }
        }
        SplitPattern pattern = TokenizerPipeline.pattern(top, model);
        List<AddedToken> added = TokenizerValues.added(top.get("added_tokens"));
        if (!hasMerges || !Boolean.TRUE.equals(model.get("ignore_merges")) || !follow(added)) {
            throw new UsualJson.Unusual();
        }
        return Tokenizer.of(vocabulary, added, null, pattern);
    }

    private void readModel() {
        for (boolean more = json.begin('{', '}'); more; more = json.more('}')) {
            String name = newName(model);
            if (name.equals("vocab")) {
                vocabulary = readVocabulary();
            } else if (name.equals("merges") && vocabulary != null) {
                checkMerges();
                hasMerges = true;
            } else {
                model.put(name, json.value());
            }
        }
    }

    /// The name of the next member, which must not be there twice.
    private String newName(Map<String, Object> members) {
        String name = json.name();
        if (members.containsKey(name)) {
            throw new UsualJson.Unusual();
        }
        members.put(name, null);
        return name;
    }

    private Vocabulary readVocabulary() {
        byte[] pool = new byte[1 << 20];
        int[] offset = new int[1 << 18];
        int id = 0;
        for (boolean more = json.begin('{', '}'); more; more = json.more('}')) {
            if (pool.length - offset[id] < UsualJson.MOST_PIECE_BYTES) {
                pool = Arrays.copyOf(pool, 2 * pool.length);
            }
            if (id + 1 == offset.length) {
                offset = Arrays.copyOf(offset, 2 * offset.length);
            }
            offset[id + 1] = readToken(pool, offset[id], id);
            id++;
        }
        return new Vocabulary(Arrays.copyOf(pool, offset[id] + Vocabulary.SLACK_BYTES), Arrays.copyOf(offset, id + 1));
    }

    /// A method of its own because Java compiles what is often called sooner than what loops for long.
    private int readToken(byte[] pool, int from, int id) {
        json.expect('"');
        int to = json.piece(pool, from);
        json.expect('"');
        json.expect(':');
        if (json.number() != id) {
            throw new UsualJson.Unusual();
        }
        return to;
    }

    /// Reads the merges, which must be [Merges#all]: as strings, or as pairs, which newer files have.
    private void checkMerges() {
        long[] merges = new long[vocabulary.longestBytes];
        byte[] bytes = new byte[2 * UsualJson.MOST_PIECE_BYTES];
        boolean more = json.begin('[', ']');
        for (int id = 0; id < vocabulary.size; id++) {
            int count = Merges.of(vocabulary, id, merges);
            for (int i = 0; i < count; i++) {
                if (!more || !readsMerge((int) (merges[i] >>> 32), (int) merges[i], bytes)) {
                    throw new UsualJson.Unusual();
                }
                more = json.more(']');
            }
        }
        if (more) {
            throw new UsualJson.Unusual();
        }
    }

    private boolean readsMerge(int left, int right, byte[] bytes) {
        boolean isPair = json.take('[');
        json.expect('"');
        int cut = json.piece(bytes, 0);
        if (isPair) {
            json.expect('"');
            json.expect(',');
            json.expect('"');
        } else {
            json.expectSpace();
        }
        int end = json.piece(bytes, cut);
        json.expect('"');
        if (isPair) {
            json.expect(']');
        }
        return vocabulary.is(left, bytes, 0, cut) && vocabulary.is(right, bytes, cut, end);
    }

    /// Whether the added tokens follow the ordinary ones without a gap, and none is one of them.
    private boolean follow(List<AddedToken> added) {
        for (int i = 0; i < added.size(); i++) {
            String name = added.get(i).name();
            if (added.get(i).id() != vocabulary.size + i || isOrdinary(name)) {
                return false;
            }
        }
        return true;
    }

    private boolean isOrdinary(String piece) {
        byte[] bytes = new byte[piece.length() + Vocabulary.SLACK_BYTES];
        for (int i = 0; i < piece.length(); i++) {
            int b = ByteLevel.byteOf(piece.charAt(i));
            if (b < 0) {
                return false;
            }
            bytes[i] = (byte) b;
        }
        return vocabulary.find(bytes, 0, piece.length()) != Vocabulary.NONE;
    }
}

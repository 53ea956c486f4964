package llams.tokenizer;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Reads a `tokenizer.json` as Llama 3 has it: ordinary tokens in the order of their ids, added ones after them, and all
/// merges in the order that the ranks imply; or as an extended vocabulary has it, where added ones stand between ordinary
/// ones in `vocab`. Whatever else is right is read by [TokenizerJson], which also says what is wrong.
final class UsualTokenizerJson {

    /// Where added tokens are, and a good deal more.
    private static final int HEAD_BYTES = 1 << 17;

    private final UsualJson json;
    private final Map<String, Object> top = new HashMap<>();
    private final Map<String, Object> model = new HashMap<>();
    private List<AddedToken> added = List.of();
    private Vocabulary vocabulary;
    /// The ids of the ordinary tokens.
    private int[] ids = new int[1 << 18];
    /// The id that was read last.
    private int id;
    /// Whether they leave numbers out.
    private boolean hasGaps;
    /// How many added tokens stand in `vocab`.
    private int addedInside;
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
            if (name.equals("added_tokens")) {
                added = TokenizerValues.added(top.get(name));
            }
        }
        SplitPattern pattern = TokenizerPipeline.pattern(top, model);
        if (!hasMerges || !Boolean.TRUE.equals(model.get("ignore_merges"))) {
            throw new UsualJson.Unusual();
        }
        boolean isPlain = !hasGaps && follow();
        if (!isPlain && (addedInside == 0 || addedInside != added.size())) {
            throw new UsualJson.Unusual();
        }
        return isPlain ? Tokenizer.of(vocabulary, added, null, pattern) : withAddedInside(pattern);
    }

    private Tokenizer withAddedInside(SplitPattern pattern) {
        int[] idOf = Arrays.copyOf(ids, vocabulary.size + added.size());
        List<AddedToken> numbered = new ArrayList<>();
        for (AddedToken token : added) {
            int number = vocabulary.size + numbered.size();
            idOf[number] = token.id();
            numbered.add(token.withId(number));
        }
        return Tokenizer.of(vocabulary, numbered, new Numbering(idOf), pattern);
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
        Map<Integer, AddedToken> inside = new HashMap<>();
        for (AddedToken token : added) {
            inside.put(token.id(), token);
        }
        byte[] pool = new byte[1 << 20];
        int[] offset = new int[1 << 18];
        int rank = 0;
        for (boolean more = json.begin('{', '}'); more; more = json.more('}')) {
            if (pool.length - offset[rank] < UsualJson.MOST_PIECE_BYTES) {
                pool = Arrays.copyOf(pool, 2 * pool.length);
            }
            if (rank + 1 == offset.length) {
                offset = Arrays.copyOf(offset, 2 * offset.length);
                ids = Arrays.copyOf(ids, offset.length);
            }
            int end = readToken(pool, offset[rank]);
            if (!isAdded(inside, pool, offset[rank], end)) {
                if (rank > 0 && id <= ids[rank - 1]) {
                    throw new UsualJson.Unusual();
                }
                ids[rank] = id;
                offset[++rank] = end;
            }
        }
        hasGaps = rank > 0 && ids[rank - 1] != rank - 1;
        return new Vocabulary(Arrays.copyOf(pool, offset[rank] + Vocabulary.SLACK_BYTES),
                Arrays.copyOf(offset, rank + 1));
    }

    /// Whether the token that was read is an added one; counts those.
    ///
    /// @throws UsualJson.Unusual if it has the id of one, but another name
    private boolean isAdded(Map<Integer, AddedToken> inside, byte[] pool, int from, int to) {
        // Nearly all ids are below those of all added tokens.
        if (added.isEmpty() || id < added.getFirst().id() || !inside.containsKey(id)) {
            return false;
        }
        byte[] name = Utf8.bytes(inside.get(id).name());
        if (!Arrays.equals(name, 0, name.length, pool, from, to)) {
            throw new UsualJson.Unusual();
        }
        addedInside++;
        return true;
    }

    /// Leaves the id in `id`, and returns where the token ends. A method of its own because Java compiles what is often
    /// called sooner than what loops for long.
    private int readToken(byte[] pool, int from) {
        json.expect('"');
        int to = json.piece(pool, from);
        json.expect('"');
        json.expect(':');
        id = json.number();
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
    private boolean follow() {
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

package llams.tokenizer;

import java.util.Arrays;

/// The merges that a list of ranks implies, for formats that want them spelled out. A merge is `left << 32 | right`, by
/// ids.
final class Merges {

    private Merges() {}

    /// Every way to make a token of two others, in the order of the tokens made, then of left and right: with these a
    /// program that follows a list of merges does what one that follows ranks does.
    static long[] all(Vocabulary vocabulary) {
        long[] merges = new long[vocabulary.size * 2];
        long[] ofToken = new long[vocabulary.longestBytes];
        int count = 0;
        for (int id = 0; id < vocabulary.size; id++) {
            int more = of(vocabulary, id, ofToken);
            if (count + more > merges.length) {
                merges = Arrays.copyOf(merges, count * 2 + more);
            }
            System.arraycopy(ofToken, 0, merges, count, more);
            count += more;
        }
        return Arrays.copyOf(merges, count);
    }

    /// Those of [#all] that make one token; returns their number.
    ///
    /// @param merges where they go, `[longestBytes]`
    static int of(Vocabulary vocabulary, int id, long[] merges) {
        int from = vocabulary.offset[id];
        int to = vocabulary.offset[id + 1];
        int count = 0;
        for (int cut = from + 1; cut < to; cut++) {
            int left = vocabulary.findRare(vocabulary.pool, from, cut);
            int right = left == Vocabulary.NONE ? left : vocabulary.findRare(vocabulary.pool, cut, to);
            if (right != Vocabulary.NONE) {
                merges[count++] = (long) left << 32 | right;
            }
        }
        if (count > 1) {
            Arrays.sort(merges, 0, count);
        }
        return count;
    }

    /// For every token of more than one byte the pair that merging arrives at before it makes the token; null if
    /// merging alone never makes one of them.
    static long[] natural(Vocabulary vocabulary) {
        long[] merges = new long[vocabulary.size];
        int count = 0;
        for (int id = 0; id < vocabulary.size; id++) {
            if (vocabulary.length(id) > 1) {
                long pair = lastPair(vocabulary, id);
                if (pair < 0) {
                    return null;
                }
                merges[count++] = pair;
            }
        }
        return Arrays.copyOf(merges, count);
    }

    /// The tokens of a piece by definition: that of the whole piece, else what merging makes of its bytes.
    static int[] encode(Vocabulary vocabulary, byte[] piece) {
        return encode(vocabulary, piece, new HeapMerger(), new IdBuffer());
    }

    /// The same with what it takes, for many pieces.
    static int[] encode(Vocabulary vocabulary, byte[] piece, HeapMerger merger, IdBuffer parts) {
        byte[] bytes = Arrays.copyOf(piece, piece.length + Vocabulary.SLACK_BYTES);
        int whole = vocabulary.find(bytes, 0, piece.length);
        if (whole != Vocabulary.NONE) {
            return new int[] {whole};
        }
        merger.merge(vocabulary, bytes, 0, piece.length, parts);
        return parts.take();
    }

    /// Whether merging single bytes leads to this token.
    static boolean isReachable(Vocabulary vocabulary, int token) {
        return vocabulary.length(token) == 1 || lastPair(vocabulary, token) >= 0;
    }

    /// The two parts that the token's bytes end in when only lower ranks merge, or -1 if they end in more.
    private static long lastPair(Vocabulary vocabulary, int token) {
        byte[] pool = vocabulary.pool;
        int parts = vocabulary.length(token);
        int[] start = new int[parts + 1];
        for (int i = 0; i <= parts; i++) {
            start[i] = vocabulary.offset[token] + i;
        }
        while (parts > 2) {
            int lowest = token;
            int at = 0;
            for (int i = 0; i + 2 <= parts; i++) {
                int joined = vocabulary.find(pool, start[i], start[i + 2]);
                if (joined != Vocabulary.NONE && joined < lowest) {
                    lowest = joined;
                    at = i;
                }
            }
            if (lowest == token) {
                return -1;
            }
            System.arraycopy(start, at + 2, start, at + 1, parts - at - 1);
            parts--;
        }
        return (long) vocabulary.find(pool, start[0], start[1]) << 32 | vocabulary.find(pool, start[1], start[2]);
    }
}

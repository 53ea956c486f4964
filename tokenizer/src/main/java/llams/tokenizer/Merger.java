package llams.tokenizer;

/// Byte-pair merging of a short piece: from single bytes on, the adjacent pair whose union has the lowest rank becomes one, the
/// leftmost on ties, until no union is a token. [LongMerger] does the same for long ones. One thread at a time.
final class Merger {

    /// Pieces up to this length have a bit of one word for every byte that starts a part, and one for the end.
    static final int PIECE_BYTES = 62;

    private static final int PLACE_BITS = 6;
    private static final int NO_RANK = Integer.MAX_VALUE;

    /// `rank << 6 | place` of a part joined with the next one, so that the least of them is the pair to merge.
    private final int[] key = new int[PIECE_BYTES];
    final int[] id = new int[PIECE_BYTES];

    /// Leaves the ids of a piece of at most [#PIECE_BYTES] in `id` and returns their number.
    ///
    /// Parts stay where they start, so that nothing moves when two become one. The least key is searched from end to end at
    /// every merge: for so few that is faster than any queue, and without a branch that the processor could guess wrong.
    int merge(Vocabulary vocabulary, byte[] text, int from, int to) {
        int[] key = this.key;
        int[] id = this.id;
        int n = to - from;
        id[0] = vocabulary.ofByte(text[from]);
        for (int i = 1; i < n; i++) {
            id[i] = vocabulary.ofByte(text[from + i]);
            key[i - 1] = key(vocabulary.ofPair(text[from + i - 1], text[from + i]), i - 1);
        }
        key[n - 1] = NO_RANK;
        long starts = (2L << n) - 1;
        while (true) {
            int least = NO_RANK;
            for (int i = 0; i < n; i++) {
                least = Math.min(least, key[i]);
            }
            if (least == NO_RANK) {
                break;
            }
            int at = least & (1 << PLACE_BITS) - 1;
            id[at] = least >>> PLACE_BITS;
            int gone = next(starts, at);
            key[gone] = NO_RANK;
            starts &= ~(1L << gone);
            int end = next(starts, at);
            key[at] = end < n ? key(vocabulary.findRare(text, from + at, from + next(starts, end)), at) : NO_RANK;
            if (at > 0) {
                int left = 63 - Long.numberOfLeadingZeros(starts & (1L << at) - 1);
                key[left] = key(vocabulary.findRare(text, from + left, from + end), left);
            }
        }
        int count = 0;
        for (int i = 0; i < n; i = next(starts, i)) {
            id[count++] = id[i];
        }
        return count;
    }

    private static int key(int joined, int place) {
        return joined == Vocabulary.NONE ? NO_RANK : joined << PLACE_BITS | place;
    }

    /// The next start after `place`.
    private static int next(long starts, int place) {
        return place + 1 + Long.numberOfTrailingZeros(starts >>> place + 1);
    }
}

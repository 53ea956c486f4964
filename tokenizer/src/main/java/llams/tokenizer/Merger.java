package llams.tokenizer;

/// Byte-pair merging of a short piece: from single bytes on, the adjacent pair whose union has the lowest rank becomes one, the
/// leftmost on ties, until no union is a token. [LongMerger] and [LinearMerger] do the same for long ones. One thread at a time.
final class Merger {

    /// Pieces up to this length come here. A place must fit [#PLACE_BITS].
    static final int PIECE_BYTES = 250;

    private static final int PLACE_BITS = 8;
    private static final int NO_RANK = Integer.MAX_VALUE;

    /// `rank << 8 | place` of a part joined with the next one, so that the least of them is the pair to merge.
    private final int[] key = new int[PIECE_BYTES];
    final int[] id = new int[PIECE_BYTES];

    /// Where the next part starts, and the one before.
    private final short[] next = new short[PIECE_BYTES];
    private final short[] previous = new short[PIECE_BYTES + 1];

    /// Where in the piece the right one of the two parts began that were joined last.
    int lastPlace;

    /// Leaves the ids of a piece of at most [#PIECE_BYTES] in `id` and returns their number.
    ///
    /// Parts stay where they start, so that nothing moves when two become one. The least key is searched from end to end at
    /// every merge: for so few that is faster than any queue, and without a branch that the processor could guess wrong.
    int merge(Vocabulary vocabulary, byte[] text, int from, int to) {
        int[] key = this.key;
        int[] id = this.id;
        short[] next = this.next;
        short[] previous = this.previous;
        int n = to - from;
        for (int i = 0; i < n; i++) {
            id[i] = vocabulary.ofByte(text[from + i]);
            key[i] = i + 1 < n ? key(vocabulary.ofPair(text[from + i], text[from + i + 1]), i) : NO_RANK;
            next[i] = (short) (i + 1);
            previous[i] = (short) (i - 1);
        }
        int gone = 0;
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
            gone = next[at];
            key[gone] = NO_RANK;
            int end = next[gone];
            next[at] = (short) end;
            previous[end] = (short) at;
            key[at] = end < n ? key(vocabulary.findRare(text, from + at, from + next[end]), at) : NO_RANK;
            int left = previous[at];
            if (left >= 0) {
                key[left] = key(vocabulary.findRare(text, from + left, from + end), left);
            }
        }
        lastPlace = gone;
        int count = 0;
        for (int i = 0; i < n; i = next[i]) {
            id[count++] = id[i];
        }
        return count;
    }

    private static int key(int joined, int place) {
        return joined == Vocabulary.NONE ? NO_RANK : joined << PLACE_BITS | place;
    }
}

package llams.tokenizer;

/// Byte-pair merging of a few bytes as it is defined: from single bytes on, the adjacent pair whose union has the
/// lowest rank becomes one, the leftmost on ties, until no union is a token. One thread at a time.
///
/// Parts stay where they start, so that nothing moves when two become one. The least key is searched from end to end at
/// every merge: for so few that is faster than any queue, and without a branch that the processor could guess wrong.
final class BlockMerger {

    /// The most bytes that can be merged.
    static final int BYTES = 32;

    private static final int PLACE_BITS = 6;
    private static final int NO_KEY = Integer.MAX_VALUE;

    /// `[BYTES]`: the ids after merging.
    final int[] id = new int[BYTES];

    /// `[BYTES]`: `rank << 6 | place` of a part joined with the next one, so that the least of them is the pair to
    /// merge.
    private final int[] key = new int[BYTES];

    /// `[BYTES + 1]`: where the next part starts, and the one before.
    private final int[] next = new int[BYTES + 1];
    private final int[] previous = new int[BYTES + 1];

    /// Leaves the ids of `text[from, to)` in `id` and returns their number.
    int merge(Vocabulary vocabulary, byte[] text, int from, int to) {
        int[] id = this.id;
        int[] key = this.key;
        int[] next = this.next;
        int[] previous = this.previous;
        int n = to - from;
        for (int i = 0; i < n; i++) {
            id[i] = vocabulary.ofByte(text[from + i]);
            key[i] = i + 1 < n ? key(vocabulary.ofPair(text[from + i], text[from + i + 1]), i) : NO_KEY;
            next[i] = i + 1;
            previous[i] = i - 1;
        }
        int count = n;
        for (int least = least(key, n); least != NO_KEY; least = least(key, n)) {
            int place = least & (1 << PLACE_BITS) - 1;
            id[place] = least >>> PLACE_BITS;
            int gone = next[place];
            int end = next[gone];
            key[gone] = NO_KEY;
            next[place] = end;
            previous[end] = place;
            key[place] = end < n ? key(vocabulary.findRare(text, from + place, from + next[end]), place) : NO_KEY;
            int left = previous[place];
            if (left >= 0) {
                key[left] = key(vocabulary.findRare(text, from + left, from + end), left);
            }
            count--;
        }
        for (int i = 0, place = 0; i < count; i++, place = next[place]) {
            id[i] = id[place];
        }
        return count;
    }

    private static int least(int[] key, int n) {
        int least = NO_KEY;
        for (int i = 0; i < n; i++) {
            least = Math.min(least, key[i]);
        }
        return least;
    }

    private static int key(int joined, int place) {
        return joined == Vocabulary.NONE ? NO_KEY : joined << PLACE_BITS | place;
    }
}

package llams.tokenizer;

import java.util.Arrays;

/// Byte-pair merging as it is defined: from single bytes on, the adjacent pair whose union has the lowest rank becomes
/// one, the leftmost on ties, until no union is a token. A heap of the pairs keeps the time at `n log n`.
/// [LinearMerger] gives the same ids faster and falls back on this one where it cannot. A part is known by the place of
/// its first byte. One thread at a time.
final class HeapMerger {

    private static final int NO_RANK = Integer.MAX_VALUE;

    /// The fields of a part, side by side because a merge needs all of them of three neighbours.
    private static final int FIELDS = 4;
    private static final int NEXT = 0;
    private static final int PREVIOUS = 1;
    private static final int ID = 2;
    /// The rank of the part joined with the next one.
    private static final int RANK = 3;

    /// `[bytes + 1, 4]`
    private int[] parts = {};

    /// `rank << 32 | place` of pairs, some of which no longer exist.
    private final LongHeap pairs = new LongHeap();

    /// How often [#makes] was asked.
    int tries;

    /// Where in the piece the right one of the two parts that were joined last began.
    int lastPlace;

    /// Adds the ids of the piece `text[from, to)` to `out` and returns their number.
    int merge(Vocabulary vocabulary, byte[] text, int from, int to, IdBuffer out) {
        merge(vocabulary, text, from, to);
        int count = 0;
        for (int i = 0; i < to - from; i = parts[i * FIELDS + NEXT]) {
            out.add(parts[i * FIELDS + ID]);
            count++;
        }
        return count;
    }

    /// Whether the piece `text[from, to)` becomes `left` and `right`.
    boolean makes(Vocabulary vocabulary, byte[] text, int from, int to, int left, int right) {
        tries++;
        merge(vocabulary, text, from, to);
        int second = parts[NEXT];
        return parts[ID] == left && second < to - from && parts[second * FIELDS + ID] == right;
    }

    private void merge(Vocabulary vocabulary, byte[] text, int from, int to) {
        int n = to - from;
        if (parts.length < (n + 1) * FIELDS) {
            parts = new int[Math.multiplyExact(Math.max(n + 1, parts.length / FIELDS * 2), FIELDS)];
        }
        for (int i = 0; i < n; i++) {
            parts[i * FIELDS + NEXT] = i + 1;
            parts[i * FIELDS + PREVIOUS] = i - 1;
            parts[i * FIELDS + ID] = vocabulary.ofByte(text[from + i]);
            put(i, i + 1 < n ? vocabulary.ofPair(text[from + i], text[from + i + 1]) : Vocabulary.NONE);
        }
        while (!pairs.isEmpty()) {
            join(vocabulary, text, from, n, pairs.pop());
        }
    }

    /// Joins a part with the next one, as `rank << 32 | place` says, unless its pair has changed since.
    private void join(Vocabulary vocabulary, byte[] text, int from, int n, long pair) {
        int place = (int) pair;
        int part = place * FIELDS;
        if (parts[part + RANK] != (int) (pair >>> 32)) {
            return;
        }
        parts[part + ID] = parts[part + RANK];
        int gone = parts[part + NEXT];
        lastPlace = gone;
        int end = parts[gone * FIELDS + NEXT];
        parts[gone * FIELDS + RANK] = NO_RANK;
        parts[part + NEXT] = end;
        parts[end * FIELDS + PREVIOUS] = place;
        put(place,
                end < n ? vocabulary.findRare(text, from + place, from + parts[end * FIELDS + NEXT]) : Vocabulary.NONE);
        int left = parts[part + PREVIOUS];
        if (left >= 0) {
            put(left, vocabulary.findRare(text, from + left, from + end));
        }
    }

    /// Notes that the part at `place` and the next one join to `joined`.
    private void put(int place, int joined) {
        parts[place * FIELDS + RANK] = joined == Vocabulary.NONE ? NO_RANK : joined;
        if (joined != Vocabulary.NONE) {
            pairs.push((long) joined << 32 | place);
        }
    }

    /// A binary heap, least first.
    private static final class LongHeap {
        private long[] items = new long[64];
        private int size;

        boolean isEmpty() {
            return size == 0;
        }

        void push(long item) {
            if (size == items.length) {
                items = Arrays.copyOf(items, size * 2);
            }
            int i = size++;
            while (i > 0 && items[(i - 1) / 2] > item) {
                items[i] = items[(i - 1) / 2];
                i = (i - 1) / 2;
            }
            items[i] = item;
        }

        long pop() {
            long top = items[0];
            long item = items[--size];
            int i = 0;
            while (2 * i + 1 < size) {
                int child = 2 * i + 1;
                if (child + 1 < size && items[child + 1] < items[child]) {
                    child++;
                }
                if (items[child] >= item) {
                    break;
                }
                items[i] = items[child];
                i = child;
            }
            items[i] = item;
            return top;
        }
    }
}

package llams.tokenizer;

import java.util.Arrays;

/// Byte-pair merging of one piece: from single bytes on, the adjacent pair whose union has the lowest rank becomes one, the
/// leftmost on ties, until no union is a token. One thread at a time; the arrays are kept for the next piece.
final class Merger {

    /// Pieces up to this length are searched for the lowest rank from end to end at every merge: for few parts that is faster
    /// than any queue.
    private static final int SHORT_PIECE_BYTES = 128;

    private static final int NO_RANK = Integer.MAX_VALUE;

    private final int[] start = new int[SHORT_PIECE_BYTES + 1];
    private final int[] rank = new int[SHORT_PIECE_BYTES + 1];
    private final int[] id = new int[SHORT_PIECE_BYTES + 1];

    /// Adds the ids of the piece `text[from, to)` to `out`.
    void merge(Vocabulary vocabulary, byte[] text, int from, int to, IdBuffer out) {
        if (to - from <= SHORT_PIECE_BYTES) {
            mergeShort(vocabulary, text, from, to, out);
        } else {
            mergeLong(vocabulary, text, from, to, out);
        }
    }

    /// `rank[i]` is that of part i joined with part i + 1. Parts move down as others vanish.
    private void mergeShort(Vocabulary vocabulary, byte[] text, int from, int to, IdBuffer out) {
        int[] start = this.start;
        int[] rank = this.rank;
        int[] id = this.id;
        int parts = to - from;
        int lowest = NO_RANK;
        int at = 0;
        for (int i = 0; i < parts; i++) {
            start[i] = from + i;
            id[i] = vocabulary.ofByte(text[from + i]);
            int joined = i + 1 < parts ? vocabulary.ofPair(text[from + i], text[from + i + 1]) : Vocabulary.NONE;
            rank[i] = joined == Vocabulary.NONE ? NO_RANK : joined;
            if (rank[i] < lowest) {
                lowest = rank[i];
                at = i;
            }
        }
        start[parts] = to;
        while (lowest != NO_RANK) {
            id[at] = lowest;
            parts--;
            for (int i = at + 1; i < parts; i++) {
                start[i] = start[i + 1];
                rank[i] = rank[i + 1];
                id[i] = id[i + 1];
            }
            start[parts] = to;
            rank[at] = at + 1 < parts ? rank(vocabulary, text, start[at], start[at + 2]) : NO_RANK;
            if (at > 0) {
                rank[at - 1] = rank(vocabulary, text, start[at - 1], start[at + 1]);
            }
            lowest = NO_RANK;
            for (int i = 0; i < parts; i++) {
                if (rank[i] < lowest) {
                    lowest = rank[i];
                    at = i;
                }
            }
        }
        out.addAll(id, parts);
    }

    private static int rank(Vocabulary vocabulary, byte[] text, int from, int to) {
        int joined = vocabulary.find(text, from, to);
        return joined == Vocabulary.NONE ? NO_RANK : joined;
    }

    /// The same with a heap of (rank, place), for time that grows as n log n. A part is known by its first byte's place.
    private void mergeLong(Vocabulary vocabulary, byte[] text, int from, int to, IdBuffer out) {
        int n = to - from;
        int[] next = new int[n + 1];
        int[] previous = new int[n + 1];
        int[] id = new int[n];
        int[] rank = new int[n];
        Heap heap = new Heap(n);
        for (int i = 0; i < n; i++) {
            next[i] = i + 1;
            previous[i] = i - 1;
            id[i] = vocabulary.ofByte(text[from + i]);
            int joined = i + 1 < n ? vocabulary.ofPair(text[from + i], text[from + i + 1]) : Vocabulary.NONE;
            rank[i] = joined == Vocabulary.NONE ? NO_RANK : joined;
            if (rank[i] != NO_RANK) {
                heap.push(rank[i], i);
            }
        }
        while (!heap.isEmpty()) {
            long top = heap.pop();
            int i = (int) top;
            if (rank[i] != (int) (top >>> 32)) {
                continue;
            }
            id[i] = rank[i];
            int gone = next[i];
            rank[gone] = NO_RANK;
            int right = next[gone];
            next[i] = right;
            previous[right] = i;
            rank[i] = right < n ? rank(vocabulary, text, from + i, from + next[right]) : NO_RANK;
            if (rank[i] != NO_RANK) {
                heap.push(rank[i], i);
            }
            int left = previous[i];
            if (left >= 0) {
                rank[left] = rank(vocabulary, text, from + left, from + right);
                if (rank[left] != NO_RANK) {
                    heap.push(rank[left], left);
                }
            }
        }
        for (int i = 0; i < n; i = next[i]) {
            out.add(id[i]);
        }
    }

    /// A binary heap of `rank << 32 | place`.
    private static final class Heap {
        private long[] items;
        private int size;

        Heap(int capacity) {
            items = new long[capacity];
        }

        boolean isEmpty() {
            return size == 0;
        }

        void push(int rank, int place) {
            if (size == items.length) {
                items = Arrays.copyOf(items, size * 2);
            }
            long item = (long) rank << 32 | place;
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

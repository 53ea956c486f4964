package llams.tokenizer;

import java.util.Arrays;

/// Byte-pair merging of long pieces, in time that hardly grows faster than their length: 100,000 letters, a screen of spaces, a
/// flood of emoji. What merges and in which order is exactly as in [Merger].
///
/// A long run has many pairs but few different ranks. So pairs wait in one list for each rank, and only the ranks stand in a
/// heap. The lowest rank's list is worked off from left to right; a pair that arises meanwhile with the same rank or a lower
/// one goes to a second heap, which is asked before each step. In pieces that fit a core's cache all pairs take the second
/// heap. A part is known by the place of its first byte. One thread at a time.
final class LongMerger {

    private static final int NO_RANK = Integer.MAX_VALUE;

    /// Pieces up to this length need no lists, and their arrays are kept for the next piece.
    private static final int SMALL_BYTES = 1 << 12;

    /// The fields of a part, side by side because a merge needs all of them of three neighbours.
    private static final int FIELDS = 4;
    private static final int NEXT = 0;
    private static final int PREVIOUS = 1;
    private static final int ID = 2;
    /// The rank of the part joined with the next one.
    private static final int RANK = 3;

    /// `[bytes + 1, 4]`
    private int[] parts = {};

    /// `[vocabulary size]`: the newest entry of each rank's list, or -1.
    private int[] newest = {};
    private int[] entryPlace = {};
    private int[] entryNext = {};
    private int entries;
    /// The first of the entries that wait for another use, or -1.
    private int free;
    private int[] list = {};
    private final LongHeap ranks = new LongHeap();
    private final LongHeap urgent = new LongHeap();

    /// The rank that is being worked off; pairs up to it are urgent.
    private int current;

    /// Adds the ids of the piece `text[from, to)` to `out`.
    void merge(Vocabulary vocabulary, byte[] text, int from, int to, IdBuffer out) {
        int n = to - from;
        boolean small = n <= SMALL_BYTES;
        reserve(vocabulary, n, small);
        current = small ? NO_RANK : -1;
        for (int i = 0; i < n; i++) {
            parts[i * FIELDS + NEXT] = i + 1;
            parts[i * FIELDS + PREVIOUS] = i - 1;
            parts[i * FIELDS + ID] = vocabulary.ofByte(text[from + i]);
            put(i, i + 1 < n ? vocabulary.ofPair(text[from + i], text[from + i + 1]) : Vocabulary.NONE);
        }
        while (!urgent.isEmpty()) {
            join(vocabulary, text, from, n, urgent.pop());
        }
        while (!ranks.isEmpty()) {
            current = (int) ranks.pop();
            int count = takeList();
            int at = 0;
            while (at < count || !urgent.isEmpty()) {
                long first = at < count ? (long) current << 32 | list[at] : Long.MAX_VALUE;
                if (urgent.isEmpty() || first < urgent.least()) {
                    at++;
                } else {
                    first = urgent.pop();
                }
                join(vocabulary, text, from, n, first);
            }
        }
        for (int i = 0; i < n; i = parts[i * FIELDS + NEXT]) {
            out.add(parts[i * FIELDS + ID]);
        }
        if (!small) {
            parts = entryPlace = entryNext = list = new int[0];
        }
    }

    private void reserve(Vocabulary vocabulary, int n, boolean small) {
        entries = 0;
        free = -1;
        if (parts.length < (n + 1) * FIELDS) {
            parts = new int[Math.multiplyExact(small ? SMALL_BYTES + 1 : n + 1, FIELDS)];
        }
        if (!small) {
            entryPlace = new int[n];
            entryNext = new int[n];
            list = new int[64];
            if (newest.length < vocabulary.size) {
                newest = new int[vocabulary.size];
                Arrays.fill(newest, -1);
            }
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
        int end = parts[gone * FIELDS + NEXT];
        parts[gone * FIELDS + RANK] = NO_RANK;
        parts[part + NEXT] = end;
        parts[end * FIELDS + PREVIOUS] = place;
        put(place, end < n ? vocabulary.findRare(text, from + place, from + parts[end * FIELDS + NEXT]) : Vocabulary.NONE);
        int left = parts[part + PREVIOUS];
        if (left >= 0) {
            put(left, vocabulary.findRare(text, from + left, from + end));
        }
    }

    /// Notes that the part at `place` and the next one join to `joined`.
    private void put(int place, int joined) {
        parts[place * FIELDS + RANK] = joined == Vocabulary.NONE ? NO_RANK : joined;
        if (joined == Vocabulary.NONE) {
            return;
        }
        if (joined <= current) {
            urgent.push((long) joined << 32 | place);
            return;
        }
        if (newest[joined] < 0) {
            ranks.push(joined);
        }
        int entry = free;
        if (entry >= 0) {
            free = entryNext[entry];
        } else {
            if (entries == entryPlace.length) {
                entryPlace = Arrays.copyOf(entryPlace, entries * 2);
                entryNext = Arrays.copyOf(entryNext, entries * 2);
            }
            entry = entries++;
        }
        entryPlace[entry] = place;
        entryNext[entry] = newest[joined];
        newest[joined] = entry;
    }

    /// Moves the current rank's places to `list`, from left to right, and returns their number.
    private int takeList() {
        int count = 0;
        boolean ordered = true;
        int last = -1;
        for (int entry = newest[current]; entry >= 0; entry = entryNext[entry]) {
            last = entry;
            if (count == list.length) {
                list = Arrays.copyOf(list, count * 2);
            }
            list[count] = entryPlace[entry];
            ordered &= count == 0 || list[count] < list[count - 1];
            count++;
        }
        entryNext[last] = free;
        free = newest[current];
        newest[current] = -1;
        if (ordered) {
            for (int i = 0, j = count - 1; i < j; i++, j--) {
                int place = list[i];
                list[i] = list[j];
                list[j] = place;
            }
        } else {
            Arrays.sort(list, 0, count);
        }
        return count;
    }

    /// A binary heap, least first.
    private static final class LongHeap {
        private long[] items = new long[64];
        private int size;

        boolean isEmpty() {
            return size == 0;
        }

        long least() {
            return items[0];
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

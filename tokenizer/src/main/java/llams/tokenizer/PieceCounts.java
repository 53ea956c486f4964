package llams.tokenizer;

import java.util.Arrays;

/// How often each piece occurs: an open-addressing table over bytes.
final class PieceCounts {

    /// Measured: the memory that training takes for each distinct piece, and for each of its bytes.
    private static final long BYTES_PER_PIECE = 60;
    private static final long BYTES_PER_PIECE_BYTE = 16;

    private byte[] pool = new byte[1 << 16];
    private int[] offset = new int[1 << 12];
    private long[] count = new long[1 << 12];
    /// Piece number + 1; 0 is free.
    private int[] table = new int[1 << 13];
    private int size;

    /// About how much memory it takes to train with these pieces: their bytes, their tokens, and where their pairs
    /// stand.
    long trainingBytes() {
        return BYTES_PER_PIECE * size + BYTES_PER_PIECE_BYTE * offset[size];
    }

    /// The number of distinct pieces.
    int size() {
        return size;
    }

    /// The bytes of all distinct pieces together.
    int poolBytes() {
        return offset[size];
    }

    long count(int piece) {
        return count[piece];
    }

    byte[] bytes(int piece) {
        return Arrays.copyOfRange(pool, offset[piece], offset[piece + 1]);
    }

    void add(byte[] bytes, int from, int to, long times) {
        int slot = find(bytes, from, to);
        if (table[slot] != 0) {
            count[table[slot] - 1] += times;
            return;
        }
        int end = Math.addExact(offset[size], to - from);
        if (end > pool.length) {
            pool = Arrays.copyOf(pool, (int) Math.min(Integer.MAX_VALUE - 8L, Math.max(end, pool.length * 2L)));
        }
        System.arraycopy(bytes, from, pool, offset[size], to - from);
        count[size] = times;
        table[slot] = ++size;
        if (size + 1 == offset.length) {
            offset = Arrays.copyOf(offset, offset.length * 2);
            count = Arrays.copyOf(count, offset.length);
        }
        offset[size] = end;
        if (size * 2L > table.length) {
            grow();
        }
    }

    void addAll(PieceCounts other) {
        for (int piece = 0; piece < other.size; piece++) {
            add(other.pool, other.offset[piece], other.offset[piece + 1], other.count[piece]);
        }
    }

    /// The same without the pieces that occur fewer than `least` times.
    PieceCounts atLeast(long least) {
        PieceCounts kept = new PieceCounts();
        for (int piece = 0; piece < size; piece++) {
            if (count[piece] >= least) {
                kept.add(pool, offset[piece], offset[piece + 1], count[piece]);
            }
        }
        return kept;
    }

    private void grow() {
        table = new int[table.length * 2];
        for (int piece = 0; piece < size; piece++) {
            table[find(pool, offset[piece], offset[piece + 1])] = piece + 1;
        }
    }

    /// The slot of this piece, or the free one where it belongs.
    private int find(byte[] bytes, int from, int to) {
        long hash = 0;
        for (int i = from; i < to; i++) {
            hash = (hash ^ bytes[i]) * 0x100000001B3L;
        }
        int slot = (int) (hash * 0x9E3779B97F4A7C15L >>> 64 - Integer.numberOfTrailingZeros(table.length));
        while (table[slot] != 0) {
            int piece = table[slot] - 1;
            if (Arrays.equals(pool, offset[piece], offset[piece + 1], bytes, from, to)) {
                return slot;
            }
            slot = slot + 1 & table.length - 1;
        }
        return slot;
    }
}

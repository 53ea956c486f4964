package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Rotary positions, embeddings and cache rows.
final class RowKernels {
    private RowKernels() {}

    /// Rotates pair `i` of rows of `width` by the position of its row's token.
    private static void turn(IntArray ints, int positions, FloatArray table, int tableAt, int i, int width, int headDim,
            float back, FloatArray x, int from, FloatArray y, int to) {
        int half = headDim / 2;
        int t = i / (width / 2);
        int pair = i - t * (width / 2);
        int head = pair / half;
        int d = pair - head * half;
        int row = tableAt + ints.get(positions + t) * headDim + d;
        float cosine = table.get(row);
        float sine = table.get(row + half) * back;
        int low = t * width + head * headDim + d;
        float a = x.get(from + low);
        float b = x.get(from + low + half);
        y.set(to + low, a * cosine - b * sine);
        y.set(to + low + half, b * cosine + a * sine);
    }

    /// One thread per pair. Parameters: x, table, y, pairs, width of x, headDim, positions (in `ints`), 1 for the
    /// inverse.
    public static void rope(KernelContext c, IntArray pc, IntArray ints, FloatArray x, FloatArray table, FloatArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 3)) {
            float back = 1.0f;
            if (ints.get(p + 7) == 1) {
                back = -1.0f;
            }
            turn(ints, ints.get(p + 6), table, ints.get(p + 1), i, ints.get(p + 4), ints.get(p + 5), back, x,
                    ints.get(p), y, ints.get(p + 2));
        }
    }

    /// Rotates queries and keys, and appends the keys and the values to a cache. One thread per pair of the queries,
    /// then of the keys, then per element of the values. Parameters: q, table, turned q, k, turned k, the keys' cache,
    /// v, the values' cache, pairs of q, width of q, headDim, positions of q (in `ints`), pairs of k, width of k,
    /// positions of k, slots, elements of v.
    public static void turnAndKeep(KernelContext c, IntArray pc, IntArray ints, FloatArray q, FloatArray table,
            FloatArray turnedQ, FloatArray k, FloatArray turnedK, FloatArray keys, FloatArray v, FloatArray values,
            IntArray start) {
        int p = pc.get(0) + start.get(0);
        int tableAt = ints.get(p + 1);
        int headDim = ints.get(p + 10);
        int width = ints.get(p + 13);
        int slots = ints.get(p + 15);
        int i = c.globalIdx;
        int inKeys = i - ints.get(p + 8);
        int inValues = inKeys - ints.get(p + 12);
        if (inKeys < 0) {
            turn(ints, ints.get(p + 11), table, tableAt, i, ints.get(p + 9), headDim, 1.0f, q, ints.get(p), turnedQ,
                    ints.get(p + 2));
        } else if (inValues < 0) {
            int t = inKeys / (width / 2);
            int to = ints.get(p + 5) + (ints.get(slots + t) - t) * width;
            // First into the cache: the rotated keys may overwrite the keys.
            turn(ints, ints.get(p + 14), table, tableAt, inKeys, width, headDim, 1.0f, k, ints.get(p + 3), keys, to);
            turn(ints, ints.get(p + 14), table, tableAt, inKeys, width, headDim, 1.0f, k, ints.get(p + 3), turnedK,
                    ints.get(p + 4));
        } else if (inValues < ints.get(p + 16)) {
            int t = inValues / width;
            values.set(ints.get(p + 7) + (ints.get(slots + t) - t) * width + inValues,
                    v.get(ints.get(p + 6) + inValues));
        }
    }

    /// One thread per element. Parameters: table, y, n, dim, ids (in `ints`).
    public static void pickRows(KernelContext c, IntArray pc, IntArray ints, FloatArray table, FloatArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int dim = ints.get(p + 3);
            int t = i / dim;
            y.set(ints.get(p + 1) + i, table.get(ints.get(p) + ints.get(ints.get(p + 4) + t) * dim + i - t * dim));
        }
    }

    /// As [#pickRows] from a 16-bit table. Further parameters: its widening, see [Widening].
    public static void pickRowsHalf(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, ShortArray table,
            FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int dim = ints.get(p + 3);
            int t = i / dim;
            int at = ints.get(p) + ints.get(ints.get(p + 4) + t) * dim + i - t * dim;
            y.set(ints.get(p + 1) + i,
                    KernelFunctions.wide(table, at, consts, ints.get(p + 5), ints.get(p + 6), ints.get(p + 7)));
        }
    }

    /// As [#pickRowsHalf], from a table in Q8_0.
    public static void pickRowsQuantized(KernelContext c, IntArray pc, IntArray ints, FloatArray consts,
            ShortArray table, FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int dim = ints.get(p + 3);
            int t = i / dim;
            int e = ints.get(ints.get(p + 4) + t) * dim + i - t * dim;
            y.set(ints.get(p + 1) + i, KernelFunctions.quantized(table, ints.get(p), e, consts, ints.get(p + 5),
                    ints.get(p + 6), ints.get(p + 7)));
        }
    }

    /// One thread per column, tokens in order: deterministic without atomics. `dTable` must be zero. Parameters: dy,
    /// dTable, dim, tokens, ids (in `ints`).
    public static void addToRows(KernelContext c, IntArray pc, IntArray ints, FloatArray dy, FloatArray dTable,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        int dim = ints.get(p + 2);
        if (i < dim) {
            int tokens = ints.get(p + 3);
            for (int t = 0; t < tokens; t++) {
                int at = ints.get(p + 1) + ints.get(ints.get(p + 4) + t) * dim + i;
                dTable.set(at, dTable.get(at) + dy.get(ints.get(p) + t * dim + i));
            }
        }
    }

    /// One thread per element. Parameters: cache, x, n, width, slots (in `ints`).
    public static void putRows(KernelContext c, IntArray pc, IntArray ints, FloatArray cache, FloatArray x,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int width = ints.get(p + 3);
            int t = i / width;
            cache.set(ints.get(p) + ints.get(ints.get(p + 4) + t) * width + i - t * width, x.get(ints.get(p + 1) + i));
        }
    }
}

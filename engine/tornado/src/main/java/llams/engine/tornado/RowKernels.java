package llams.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Norms, rotary positions, embeddings and sums. Where rows are summed, a work-group of [#GROUP] threads takes one row.
final class RowKernels {
    static final int GROUP = KernelFunctions.WIDE_GROUP;
    /// Groups of [#partialSquares], and so the partial sums that it leaves. With so many threads, counting on from the
    /// last element of the largest block gives an `int` still.
    static final int PARTIALS = 128;

    private RowKernels() {}

    /// `1 / rms` of a row, by its group.
    private static float inverse(KernelContext c, FloatArray x, int from, int dim, float eps) {
        float sum = 0.0f;
        for (int i = c.localIdx; i < dim; i += GROUP) {
            float value = x.get(from + i);
            sum += value * value;
        }
        return 1.0f / TornadoMath.sqrt(KernelFunctions.wideSum(c, sum) / dim + eps);
    }

    /// Parameters: x, weight, y, dim, eps (a constant).
    public static void rmsNorm(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            FloatArray weight, FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int dim = ints.get(p + 3);
        int from = ints.get(p) + c.groupIdx * dim;
        int to = ints.get(p + 2) + c.groupIdx * dim;
        int w = ints.get(p + 1);
        float inverse = inverse(c, x, from, dim, consts.get(ints.get(p + 4)));
        for (int i = t; i < dim; i += GROUP) {
            y.set(to + i, x.get(from + i) * inverse * weight.get(w + i));
        }
    }

    /// As [#rmsNorm] with a 16-bit weight. Further parameters: its widening, see [Widening].
    public static void rmsNormHalf(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            ShortArray weight, FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int dim = ints.get(p + 3);
        int from = ints.get(p) + c.groupIdx * dim;
        int to = ints.get(p + 2) + c.groupIdx * dim;
        int w = ints.get(p + 1);
        int bits = ints.get(p + 5);
        int scales = ints.get(p + 6);
        int ones = ints.get(p + 7);
        float inverse = inverse(c, x, from, dim, consts.get(ints.get(p + 4)));
        for (int i = t; i < dim; i += GROUP) {
            float wide = KernelFunctions.wide(weight, w + i, consts, bits, scales, ones);
            y.set(to + i, x.get(from + i) * inverse * wide);
        }
    }

    /// As [#rmsNormHalf], the result once more in BF16 for products that read it (with CUDA). Parameters: x, weight, y,
    /// rounded, and on as there.
    public static void rmsNormHalfRounded(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            ShortArray weight, FloatArray y, ShortArray rounded, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int dim = ints.get(p + 4);
        int from = ints.get(p) + c.groupIdx * dim;
        int to = ints.get(p + 2) + c.groupIdx * dim;
        int half = ints.get(p + 3) + c.groupIdx * dim;
        int w = ints.get(p + 1);
        int bits = ints.get(p + 6);
        int scales = ints.get(p + 7);
        int ones = ints.get(p + 8);
        float inverse = inverse(c, x, from, dim, consts.get(ints.get(p + 5)));
        for (int i = t; i < dim; i += GROUP) {
            float wide = KernelFunctions.wide(weight, w + i, consts, bits, scales, ones);
            float value = x.get(from + i) * inverse * wide;
            y.set(to + i, value);
            rounded.set(half + i, BFloat16.bf16FromFloat(value));
        }
    }

    /// Parameters: x, weight, dy, dx, dim, eps (a constant).
    public static void rmsNormGradient(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            FloatArray weight, FloatArray dy, FloatArray dx, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int dim = ints.get(p + 4);
        int row = c.groupIdx * dim;
        int from = ints.get(p) + row;
        int w = ints.get(p + 1);
        int up = ints.get(p + 2) + row;
        int to = ints.get(p + 3) + row;
        float dot = 0.0f;
        for (int i = t; i < dim; i += GROUP) {
            dot += x.get(from + i) * weight.get(w + i) * dy.get(up + i);
        }
        float inverse = inverse(c, x, from, dim, consts.get(ints.get(p + 5)));
        float back = KernelFunctions.wideSum(c, dot) * inverse * inverse / dim;
        for (int i = t; i < dim; i += GROUP) {
            dx.set(to + i, inverse * (weight.get(w + i) * dy.get(up + i) - x.get(from + i) * back));
        }
    }

    /// As [#rmsNormGradient] with a 16-bit weight. Further parameters: its widening, see [Widening].
    public static void rmsNormGradientHalf(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            ShortArray weight, FloatArray dy, FloatArray dx, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int dim = ints.get(p + 4);
        int row = c.groupIdx * dim;
        int from = ints.get(p) + row;
        int w = ints.get(p + 1);
        int up = ints.get(p + 2) + row;
        int to = ints.get(p + 3) + row;
        int bits = ints.get(p + 6);
        int scales = ints.get(p + 7);
        int ones = ints.get(p + 8);
        float dot = 0.0f;
        for (int i = t; i < dim; i += GROUP) {
            float wide = KernelFunctions.wide(weight, w + i, consts, bits, scales, ones);
            dot += x.get(from + i) * wide * dy.get(up + i);
        }
        float inverse = inverse(c, x, from, dim, consts.get(ints.get(p + 5)));
        float back = KernelFunctions.wideSum(c, dot) * inverse * inverse / dim;
        for (int i = t; i < dim; i += GROUP) {
            float wide = KernelFunctions.wide(weight, w + i, consts, bits, scales, ones);
            dx.set(to + i, inverse * (wide * dy.get(up + i) - x.get(from + i) * back));
        }
    }

    /// `r[t] = 1 / rms(x[t])`. Parameters: x, r, dim, eps (a constant).
    public static void inverseRms(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, FloatArray x,
            FloatArray r, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int dim = ints.get(p + 2);
        int from = ints.get(p) + c.groupIdx * dim;
        float inverse = inverse(c, x, from, dim, consts.get(ints.get(p + 3)));
        if (t == 0) {
            r.set(ints.get(p + 1) + c.groupIdx, inverse);
        }
    }

    /// One thread a column. Parameters: x, r of [#inverseRms], dy, dWeight, dim, tokens.
    public static void rmsNormWeightGradient(KernelContext c, IntArray pc, IntArray ints, FloatArray x, FloatArray r,
            FloatArray dy, FloatArray dWeight, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        int dim = ints.get(p + 4);
        if (i < dim) {
            int tokens = ints.get(p + 5);
            int from = ints.get(p) + i;
            int up = ints.get(p + 2) + i;
            int scale = ints.get(p + 1);
            float sum = 0.0f;
            for (int t = 0; t < tokens; t++) {
                sum += dy.get(up + t * dim) * x.get(from + t * dim) * r.get(scale + t);
            }
            dWeight.set(ints.get(p + 3) + i, sum);
        }
    }

    /// Turns pair `i` of rows of `width` to where its row's token stands.
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

    /// One thread a pair. Parameters: x, table, y, pairs, width of x, headDim, positions (in `ints`), 1 to turn back.
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

    /// Rotary positions of queries and keys, these into a cache as well, with the values. One thread a pair of the
    /// queries, then of the keys, then an element of the values. Parameters: q, table, turned q, k, turned k, the keys'
    /// cache, v, the values' cache, pairs of q, width of q, headDim, positions of q (in `ints`), pairs of k, width of
    /// k, positions of k, slots, elements of v.
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
            // First into the cache: the turned keys may stand in the place of the keys.
            turn(ints, ints.get(p + 14), table, tableAt, inKeys, width, headDim, 1.0f, k, ints.get(p + 3), keys, to);
            turn(ints, ints.get(p + 14), table, tableAt, inKeys, width, headDim, 1.0f, k, ints.get(p + 3), turnedK,
                    ints.get(p + 4));
        } else if (inValues < ints.get(p + 16)) {
            int t = inValues / width;
            values.set(ints.get(p + 7) + (ints.get(slots + t) - t) * width + inValues,
                    v.get(ints.get(p + 6) + inValues));
        }
    }

    /// One thread an element. Parameters: table, y, n, dim, ids (in `ints`).
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

    /// As [#pickRowsHalf], of a table in Q8_0.
    public static void pickRowsQuantized(KernelContext c, IntArray pc, IntArray ints, FloatArray consts,
            ShortArray table, FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int dim = ints.get(p + 3);
            int t = i / dim;
            int e = ints.get(ints.get(p + 4) + t) * dim + i - t * dim;
            y.set(ints.get(p + 1) + i,
                    KernelFunctions.quantized(table, ints.get(p), e, consts, ints.get(p + 5), ints.get(p + 6), ints.get(p + 7)));
        }
    }

    /// One thread a column, tokens in order: deterministic without atomics. `dTable` must be zero. Parameters: dy,
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

    /// One thread an element. Parameters: cache, x, n, width, slots (in `ints`).
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

    /// [#PARTIALS] groups leave a sum of squares each. Parameters: x, partial, n.
    public static void partialSquares(KernelContext c, IntArray pc, IntArray ints, FloatArray x, FloatArray partial,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int n = ints.get(p + 2);
        float sum = 0.0f;
        for (int i = c.groupIdx * GROUP + t; i < n; i += GROUP * PARTIALS) {
            float value = x.get(ints.get(p) + i);
            sum += value * value;
        }
        sum = KernelFunctions.wideSum(c, sum);
        if (t == 0) {
            partial.set(ints.get(p + 1) + c.groupIdx, sum);
        }
    }

    /// One group: `y = constant Σ x`, with the factor read from `scale`. Parameters: x, scale, y, n.
    public static void scaledSum(KernelContext c, IntArray pc, IntArray ints, FloatArray x, FloatArray scale,
            FloatArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int t = c.localIdx;
        int n = ints.get(p + 3);
        float sum = 0.0f;
        for (int i = t; i < n; i += GROUP) {
            sum += x.get(ints.get(p) + i);
        }
        sum = KernelFunctions.wideSum(c, sum);
        if (t == 0) {
            y.set(ints.get(p + 2), sum * scale.get(ints.get(p + 1)));
        }
    }
}

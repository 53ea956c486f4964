package llams.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// The portable matrix products: tiles of `a` and `b` in local memory, one thread an element of `c`. Their parameters are
/// those of [Product], in its order.
final class ProductKernels {
    static final int TILE = 16;
    /// Threads that share one dot product in [#dotRows].
    static final int DOT = 64;

    private ProductKernels() {
    }

    public static void product(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a, FloatArray b,
            FloatArray c, int k) {
        int p = pc.get(0) + k;
        int lx = ctx.localIdx;
        int ly = ctx.localIdy;
        int col = ctx.groupIdx * TILE + lx;
        int row = ctx.groupIdy * TILE + ly;
        int outer = ctx.groupIdz / ints.get(p + 11);
        int inner = ctx.groupIdz - outer * ints.get(p + 11);
        int fromA = ints.get(p) + outer * ints.get(p + 12) + inner * ints.get(p + 13);
        int fromB = ints.get(p + 1) + outer * ints.get(p + 14) + inner / ints.get(p + 16) * ints.get(p + 15);
        int m = ints.get(p + 3);
        int n = ints.get(p + 4);
        int depth = ints.get(p + 5);
        float[] tileA = ctx.allocateFloatLocalArray(TILE * TILE);
        float[] tileB = ctx.allocateFloatLocalArray(TILE * TILE);
        float sum = 0.0f;
        for (int step = 0; step < depth; step += TILE) {
            float left = 0.0f;
            float right = 0.0f;
            if (row < m && step + lx < depth) {
                left = a.get(fromA + row * ints.get(p + 6) + (step + lx) * ints.get(p + 7));
            }
            if (col < n && step + ly < depth) {
                right = b.get(fromB + (step + ly) * ints.get(p + 8) + col * ints.get(p + 9));
            }
            tileA[ly * TILE + lx] = left;
            tileB[ly * TILE + lx] = right;
            ctx.localBarrier();
            for (int i = 0; i < TILE; i++) {
                sum += tileA[ly * TILE + i] * tileB[i * TILE + lx];
            }
            ctx.localBarrier();
        }
        if (row < m && col < n) {
            int at = ints.get(p + 2) + outer * ints.get(p + 17) + inner * ints.get(p + 18) + row * ints.get(p + 10) + col;
            float value = sum * consts.get(ints.get(p + 19));
            if (ints.get(p + 20) == 1) {
                value = value + c.get(at);
            }
            c.set(at, value);
        }
    }

    /// As [#product], `b` of 16 bits.
    public static void productHalf(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, int k) {
        int p = pc.get(0) + k;
        int lx = ctx.localIdx;
        int ly = ctx.localIdy;
        int col = ctx.groupIdx * TILE + lx;
        int row = ctx.groupIdy * TILE + ly;
        int fromA = ints.get(p);
        int fromB = ints.get(p + 1);
        int m = ints.get(p + 3);
        int n = ints.get(p + 4);
        int depth = ints.get(p + 5);
        int bits = ints.get(p + 21);
        int scales = ints.get(p + 22);
        int ones = ints.get(p + 23);
        float[] tileA = ctx.allocateFloatLocalArray(TILE * TILE);
        float[] tileB = ctx.allocateFloatLocalArray(TILE * TILE);
        float sum = 0.0f;
        for (int step = 0; step < depth; step += TILE) {
            float left = 0.0f;
            float right = 0.0f;
            if (row < m && step + lx < depth) {
                left = a.get(fromA + row * ints.get(p + 6) + (step + lx) * ints.get(p + 7));
            }
            if (col < n && step + ly < depth) {
                int h = b.get(fromB + (step + ly) * ints.get(p + 8) + col * ints.get(p + 9)) & 0xffff;
                int e = h >>> bits;
                right = consts.get(scales + e) * ((h - (e << bits)) + consts.get(ones + e));
            }
            tileA[ly * TILE + lx] = left;
            tileB[ly * TILE + lx] = right;
            ctx.localBarrier();
            for (int i = 0; i < TILE; i++) {
                sum += tileA[ly * TILE + i] * tileB[i * TILE + lx];
            }
            ctx.localBarrier();
        }
        if (row < m && col < n) {
            int at = ints.get(p + 2) + row * ints.get(p + 10) + col;
            float value = sum * consts.get(ints.get(p + 19));
            if (ints.get(p + 20) == 1) {
                value = value + c.get(at);
            }
            c.set(at, value);
        }
    }

    /// For few rows of `a`, with `b` transposed and both contiguous: a group of [#DOT] threads an element of `c`, so that
    /// neighbours read neighbouring weights. Group x is the column, group y the row.
    public static void dotRows(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a, FloatArray b,
            FloatArray c, int k) {
        int p = pc.get(0) + k;
        int t = ctx.localIdx;
        int col = ctx.groupIdx;
        int row = ctx.groupIdy;
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + row * ints.get(p + 6);
        int fromB = ints.get(p + 1) + col * ints.get(p + 9);
        float[] part = ctx.allocateFloatLocalArray(DOT);
        float sum = 0.0f;
        for (int i = t; i < depth; i += DOT) {
            sum += a.get(fromA + i) * b.get(fromB + i);
        }
        part[t] = sum;
        ctx.localBarrier();
        for (int s = DOT / 2; s > 0; s >>= 1) {
            if (t < s) {
                part[t] += part[t + s];
            }
            ctx.localBarrier();
        }
        if (t == 0) {
            int at = ints.get(p + 2) + row * ints.get(p + 10) + col;
            float value = part[0] * consts.get(ints.get(p + 19));
            if (ints.get(p + 20) == 1) {
                value = value + c.get(at);
            }
            c.set(at, value);
        }
    }

    /// As [#dotRows], `b` of 16 bits.
    public static void dotRowsHalf(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, int k) {
        int p = pc.get(0) + k;
        int t = ctx.localIdx;
        int col = ctx.groupIdx;
        int row = ctx.groupIdy;
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + row * ints.get(p + 6);
        int fromB = ints.get(p + 1) + col * ints.get(p + 9);
        int bits = ints.get(p + 21);
        int scales = ints.get(p + 22);
        int ones = ints.get(p + 23);
        float[] part = ctx.allocateFloatLocalArray(DOT);
        float sum = 0.0f;
        for (int i = t; i < depth; i += DOT) {
            int h = b.get(fromB + i) & 0xffff;
            int e = h >>> bits;
            sum += a.get(fromA + i) * (consts.get(scales + e) * ((h - (e << bits)) + consts.get(ones + e)));
        }
        part[t] = sum;
        ctx.localBarrier();
        for (int s = DOT / 2; s > 0; s >>= 1) {
            if (t < s) {
                part[t] += part[t + s];
            }
            ctx.localBarrier();
        }
        if (t == 0) {
            int at = ints.get(p + 2) + row * ints.get(p + 10) + col;
            float value = part[0] * consts.get(ints.get(p + 19));
            if (ints.get(p + 20) == 1) {
                value = value + c.get(at);
            }
            c.set(at, value);
        }
    }
}

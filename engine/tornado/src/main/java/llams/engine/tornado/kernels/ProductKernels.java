package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// The portable matrix products: tiles of `a` and `b` in local memory, one thread per element of `c`. Their parameters
/// are the components of `MatrixProduct`, in its order.
public final class ProductKernels {
    public static final int TILE = 16;

    private ProductKernels() {}

    /// An element of `a`; zero outside of it.
    private static float left(IntArray ints, int p, FloatArray a, int from, int row, int at) {
        float value = 0.0f;
        if (row < ints.get(p + 3) && at < ints.get(p + 5)) {
            value = a.get(from + row * ints.get(p + 6) + at * ints.get(p + 7));
        }
        return value;
    }

    /// What a pair of tiles adds to the sum, given this thread's element of each; the whole group must reach it.
    private static float tile(KernelContext ctx, float left, float right) {
        float[] tileA = ctx.allocateFloatLocalArray(TILE * TILE);
        float[] tileB = ctx.allocateFloatLocalArray(TILE * TILE);
        int lx = ctx.localIdx;
        int ly = ctx.localIdy;
        tileA[ly * TILE + lx] = left;
        tileB[ly * TILE + lx] = right;
        ctx.localBarrier();
        float sum = 0.0f;
        for (int i = 0; i < TILE; i++) {
            sum += tileA[ly * TILE + i] * tileB[i * TILE + lx];
        }
        ctx.localBarrier();
        return sum;
    }

    /// Stores an element of `c`.
    private static void put(IntArray ints, int p, FloatArray consts, FloatArray c, int at, float sum) {
        float value = sum * consts.get(ints.get(p + 19));
        if (ints.get(p + 20) == 1) {
            value = value + c.get(at);
        }
        c.set(at, value);
    }

    private static void putTile(KernelContext ctx, IntArray ints, int p, FloatArray consts, FloatArray c, int from,
            float sum) {
        int col = ctx.groupIdx * TILE + ctx.localIdx;
        int row = ctx.groupIdy * TILE + ctx.localIdy;
        if (row < ints.get(p + 3) && col < ints.get(p + 4)) {
            put(ints, p, consts, c, from + row * ints.get(p + 10) + col, sum);
        }
    }

    public static void product(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            FloatArray b, FloatArray c, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int col = ctx.groupIdx * TILE + ctx.localIdx;
        int row = ctx.groupIdy * TILE + ctx.localIdy;
        int outer = ctx.groupIdz / ints.get(p + 11);
        int inner = ctx.groupIdz - outer * ints.get(p + 11);
        int fromA = ints.get(p) + outer * ints.get(p + 12) + inner * ints.get(p + 13);
        int fromB = ints.get(p + 1) + outer * ints.get(p + 14) + inner / ints.get(p + 16) * ints.get(p + 15);
        int fromC = ints.get(p + 2) + outer * ints.get(p + 17) + inner * ints.get(p + 18);
        int depth = ints.get(p + 5);
        float sum = 0.0f;
        for (int step = 0; step < depth; step += TILE) {
            int at = step + ctx.localIdy;
            float right = 0.0f;
            if (col < ints.get(p + 4) && at < depth) {
                right = b.get(fromB + at * ints.get(p + 8) + col * ints.get(p + 9));
            }
            sum += tile(ctx, left(ints, p, a, fromA, row, step + ctx.localIdx), right);
        }
        putTile(ctx, ints, p, consts, c, fromC, sum);
    }

    /// As [#product], with `b` of 16 bits and not batched.
    public static void productHalf(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int col = ctx.groupIdx * TILE + ctx.localIdx;
        int row = ctx.groupIdy * TILE + ctx.localIdy;
        int depth = ints.get(p + 5);
        float sum = 0.0f;
        for (int step = 0; step < depth; step += TILE) {
            int at = step + ctx.localIdy;
            float right = 0.0f;
            if (col < ints.get(p + 4) && at < depth) {
                right = KernelFunctions.wide(b, ints.get(p + 1) + at * ints.get(p + 8) + col * ints.get(p + 9), consts,
                        ints.get(p + 21), ints.get(p + 22), ints.get(p + 23));
            }
            sum += tile(ctx, left(ints, p, a, ints.get(p), row, step + ctx.localIdx), right);
        }
        putTile(ctx, ints, p, consts, c, ints.get(p + 2), sum);
    }

    /// As [#productHalf], with `b` in Q8_0.
    public static void productQuantized(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int col = ctx.groupIdx * TILE + ctx.localIdx;
        int row = ctx.groupIdy * TILE + ctx.localIdy;
        int depth = ints.get(p + 5);
        float sum = 0.0f;
        for (int step = 0; step < depth; step += TILE) {
            int at = step + ctx.localIdy;
            float right = 0.0f;
            if (col < ints.get(p + 4) && at < depth) {
                right = KernelFunctions.quantized(b, ints.get(p + 1), at * ints.get(p + 8) + col * ints.get(p + 9),
                        consts, ints.get(p + 21), ints.get(p + 22), ints.get(p + 23));
            }
            sum += tile(ctx, left(ints, p, a, ints.get(p), row, step + ctx.localIdx), right);
        }
        putTile(ctx, ints, p, consts, c, ints.get(p + 2), sum);
    }

    /// Stores the sum of a group as its element of `c`.
    private static void putRow(KernelContext ctx, IntArray ints, int p, FloatArray consts, FloatArray c, float mine) {
        float sum = KernelFunctions.sum(ctx, mine);
        if (ctx.localIdx == 0) {
            put(ints, p, consts, c, ints.get(p + 2) + ctx.groupIdy * ints.get(p + 10) + ctx.groupIdx, sum);
        }
    }

    /// For few rows of `a`, with `b` transposed and both contiguous: a work-group per element of `c`, so that
    /// neighbouring threads read neighbouring weights. Group x is the column, group y the row.
    public static void dotRows(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            FloatArray b, FloatArray c, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + ctx.groupIdy * ints.get(p + 6);
        int fromB = ints.get(p + 1) + ctx.groupIdx * ints.get(p + 9);
        float sum = 0.0f;
        for (int i = ctx.localIdx; i < depth; i += KernelFunctions.GROUP) {
            sum += a.get(fromA + i) * b.get(fromB + i);
        }
        putRow(ctx, ints, p, consts, c, sum);
    }

    /// As [#dotRows], with `b` of 16 bits.
    public static void dotRowsHalf(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + ctx.groupIdy * ints.get(p + 6);
        int fromB = ints.get(p + 1) + ctx.groupIdx * ints.get(p + 9);
        int bits = ints.get(p + 21);
        int scales = ints.get(p + 22);
        int ones = ints.get(p + 23);
        float sum = 0.0f;
        for (int i = ctx.localIdx; i < depth; i += KernelFunctions.GROUP) {
            sum += a.get(fromA + i) * KernelFunctions.wide(b, fromB + i, consts, bits, scales, ones);
        }
        putRow(ctx, ints, p, consts, c, sum);
    }

    /// As [#dotRows], with `b` in Q8_0.
    public static void dotRowsQuantized(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + ctx.groupIdy * ints.get(p + 6);
        int first = ctx.groupIdx * ints.get(p + 9);
        int bits = ints.get(p + 21);
        int scales = ints.get(p + 22);
        int ones = ints.get(p + 23);
        float sum = 0.0f;
        for (int i = ctx.localIdx; i < depth; i += KernelFunctions.GROUP) {
            sum += a.get(fromA + i)
                    * KernelFunctions.quantized(b, ints.get(p + 1), first + i, consts, bits, scales, ones);
        }
        putRow(ctx, ints, p, consts, c, sum);
    }
}

package llams.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Kernels that read weights of Q8_0: blocks of 17 shorts, a scale in f16 and 32 signed bytes, two a short, the lower one first.
/// The scale is widened as [Widening] says.
final class QuantizedKernels {
    private QuantizedKernels() {
    }

    /// Element `e` of the tensor whose first block is at `from`.
    static float element(ShortArray b, FloatArray consts, int from, int e, int bits, int scales, int ones) {
        int block = from + (e >> 5) * 17;
        int h = b.get(block) & 0xffff;
        int high = h >> bits;
        float scale = consts.get(scales + high) * ((h - (high << bits)) + consts.get(ones + high));
        int pair = b.get(block + 1 + (e & 31) / 2) & 0xffff;
        int q = pair >> (e & 1) * 8 & 0xff;
        // The OpenCL backend takes what comes out of a mask for unsigned: below zero it must be a float already.
        return scale * ((q ^ 0x80) - 128.0f);
    }

    /// As [RowKernels#pickRowsHalf], of a table in Q8_0.
    public static void pickRowsQuantized(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, ShortArray table,
            FloatArray y, int k) {
        int p = pc.get(0) + k;
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            int dim = ints.get(p + 3);
            int t = i / dim;
            int e = ints.get(ints.get(p + 4) + t) * dim + i - t * dim;
            y.set(ints.get(p + 1) + i,
                    element(table, consts, ints.get(p), e, ints.get(p + 5), ints.get(p + 6), ints.get(p + 7)));
        }
    }

    /// As [ProductKernels#product], `b` of Q8_0.
    public static void productQuantized(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, int k) {
        int p = pc.get(0) + k;
        int lx = ctx.localIdx;
        int ly = ctx.localIdy;
        int col = ctx.groupIdx * ProductKernels.TILE + lx;
        int row = ctx.groupIdy * ProductKernels.TILE + ly;
        int fromA = ints.get(p);
        int fromB = ints.get(p + 1);
        int m = ints.get(p + 3);
        int n = ints.get(p + 4);
        int depth = ints.get(p + 5);
        int bits = ints.get(p + 21);
        int scales = ints.get(p + 22);
        int ones = ints.get(p + 23);
        float[] tileA = ctx.allocateFloatLocalArray(ProductKernels.TILE * ProductKernels.TILE);
        float[] tileB = ctx.allocateFloatLocalArray(ProductKernels.TILE * ProductKernels.TILE);
        float sum = 0.0f;
        for (int step = 0; step < depth; step += ProductKernels.TILE) {
            float left = 0.0f;
            float right = 0.0f;
            if (row < m && step + lx < depth) {
                left = a.get(fromA + row * ints.get(p + 6) + (step + lx) * ints.get(p + 7));
            }
            if (col < n && step + ly < depth) {
                int e = (step + ly) * ints.get(p + 8) + col * ints.get(p + 9);
                right = element(b, consts, fromB, e, bits, scales, ones);
            }
            tileA[ly * ProductKernels.TILE + lx] = left;
            tileB[ly * ProductKernels.TILE + lx] = right;
            ctx.localBarrier();
            for (int i = 0; i < ProductKernels.TILE; i++) {
                sum += tileA[ly * ProductKernels.TILE + i] * tileB[i * ProductKernels.TILE + lx];
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

    /// As [ProductKernels#dotRows], `b` of Q8_0.
    public static void dotRowsQuantized(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, int k) {
        int p = pc.get(0) + k;
        int t = ctx.localIdx;
        int col = ctx.groupIdx;
        int row = ctx.groupIdy;
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + row * ints.get(p + 6);
        int fromB = ints.get(p + 1);
        int first = col * ints.get(p + 9);
        int bits = ints.get(p + 21);
        int scales = ints.get(p + 22);
        int ones = ints.get(p + 23);
        float[] part = ctx.allocateFloatLocalArray(ProductKernels.DOT);
        float sum = 0.0f;
        for (int i = t; i < depth; i += ProductKernels.DOT) {
            sum += a.get(fromA + i) * element(b, consts, fromB, first + i, bits, scales, ones);
        }
        part[t] = sum;
        ctx.localBarrier();
        for (int s = ProductKernels.DOT / 2; s > 0; s >>= 1) {
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

package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Rounds numbers to BF16 (nearest, ties to even) for cuBLAS's products, and multiplies by BF16 weights directly; CUDA
/// only.
public final class RoundingKernels {
    /// Columns per group of [#dotColumns], which reads the row once for all of them.
    public static final int COLUMNS = 4;

    private RoundingKernels() {}

    /// Parameters: x, y, n.
    public static void roundFloats(KernelContext c, IntArray pc, IntArray ints, FloatArray x, ShortArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            y.set(ints.get(p + 1) + i, BFloat16.bf16FromFloat(x.get(ints.get(p) + i)));
        }
    }

    /// From another 16-bit type. Further parameters: its widening, see [Widening].
    public static void roundHalves(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, ShortArray x,
            ShortArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            float wide = KernelFunctions.wide(x, ints.get(p) + i, consts, ints.get(p + 3), ints.get(p + 4),
                    ints.get(p + 5));
            y.set(ints.get(p + 1) + i, BFloat16.bf16FromFloat(wide));
        }
    }

    /// From Q8_0. Further parameters: its scales' widening.
    public static void roundQuantized(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, ShortArray x,
            ShortArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            y.set(ints.get(p + 1) + i, BFloat16.bf16FromFloat(KernelFunctions.quantized(x, ints.get(p), i, consts,
                    ints.get(p + 3), ints.get(p + 4), ints.get(p + 5))));
        }
    }

    /// Few rows of F32 by a BF16 weight that is transposed and contiguous. Group x covers [#COLUMNS] columns, group y
    /// is the row. Parameters: the components of `MatrixProduct`.
    public static void dotColumns(KernelContext ctx, IntArray pc, IntArray ints, FloatArray consts, FloatArray a,
            ShortArray b, FloatArray c, IntArray k) {
        float[] part = ctx.allocateFloatLocalArray(COLUMNS * KernelFunctions.GROUP);
        int p = pc.get(0) + k.get(0);
        int t = ctx.localIdx;
        int columns = ints.get(p + 4);
        int depth = ints.get(p + 5);
        int fromA = ints.get(p) + ctx.groupIdy * ints.get(p + 6);
        int stride = ints.get(p + 9);
        int column = ctx.groupIdx * COLUMNS;
        int b0 = ints.get(p + 1) + column * stride;
        int b1 = ints.get(p + 1) + TornadoMath.min(column + 1, columns - 1) * stride;
        int b2 = ints.get(p + 1) + TornadoMath.min(column + 2, columns - 1) * stride;
        int b3 = ints.get(p + 1) + TornadoMath.min(column + 3, columns - 1) * stride;
        float sum0 = 0.0f;
        float sum1 = 0.0f;
        float sum2 = 0.0f;
        float sum3 = 0.0f;
        for (int i = t; i < depth; i += KernelFunctions.GROUP) {
            float x = a.get(fromA + i);
            sum0 += x * BFloat16.bf16ToFloat(b.get(b0 + i));
            sum1 += x * BFloat16.bf16ToFloat(b.get(b1 + i));
            sum2 += x * BFloat16.bf16ToFloat(b.get(b2 + i));
            sum3 += x * BFloat16.bf16ToFloat(b.get(b3 + i));
        }
        part[t] = sum0;
        part[KernelFunctions.GROUP + t] = sum1;
        part[2 * KernelFunctions.GROUP + t] = sum2;
        part[3 * KernelFunctions.GROUP + t] = sum3;
        ctx.localBarrier();
        for (int s = KernelFunctions.GROUP / 2; s > 0; s >>= 1) {
            if (t < s) {
                part[t] += part[t + s];
                part[KernelFunctions.GROUP + t] += part[KernelFunctions.GROUP + t + s];
                part[2 * KernelFunctions.GROUP + t] += part[2 * KernelFunctions.GROUP + t + s];
                part[3 * KernelFunctions.GROUP + t] += part[3 * KernelFunctions.GROUP + t + s];
            }
            ctx.localBarrier();
        }
        if (t < COLUMNS && column + t < columns) {
            int at = ints.get(p + 2) + ctx.groupIdy * ints.get(p + 10) + column + t;
            float value = part[t * KernelFunctions.GROUP] * consts.get(ints.get(p + 19));
            if (ints.get(p + 20) == 1) {
                value = value + c.get(at);
            }
            c.set(at, value);
        }
    }
}

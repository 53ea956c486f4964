package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// RMS norms, squared norms and sums: a work-group of [#GROUP] threads per row.
public final class NormKernels {
    static final int GROUP = KernelFunctions.WIDE_GROUP;
    /// Work-groups of [#partialSquares], and so its partial sums. With this many threads, the index after the largest
    /// block's last element still fits an `int`.
    public static final int PARTIALS = 128;

    private NormKernels() {}

    /// `1 / rms` of a row, over its group.
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

    /// As [#rmsNormHalf], the result also in BF16 for products that read it (with CUDA). Parameters: x, weight, y,
    /// rounded, then as there.
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

    /// One thread per column. Parameters: x, r of [#inverseRms], dy, dWeight, dim, tokens.
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

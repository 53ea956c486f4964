package llams.engine.tornado;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.BFloat16;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// What makes BF16 of other numbers, for products in BF16: rounded to the nearest, to even where two are as near (with CUDA,
/// whose products these are for).
final class RoundingKernels {
    private RoundingKernels() {
    }

    /// Parameters: x, y, n.
    public static void roundFloats(KernelContext c, IntArray pc, IntArray ints, FloatArray x, ShortArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            y.set(ints.get(p + 1) + i, BFloat16.bf16FromFloat(x.get(ints.get(p) + i)));
        }
    }

    /// Of another 16-bit type. Further parameters: its widening, see [Widening].
    public static void roundHalves(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, ShortArray x, ShortArray y,
            IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            float wide = Parts.wide(x, ints.get(p) + i, consts, ints.get(p + 3), ints.get(p + 4), ints.get(p + 5));
            y.set(ints.get(p + 1) + i, BFloat16.bf16FromFloat(wide));
        }
    }

    /// Of Q8_0. Further parameters: its scales' widening.
    public static void roundQuantized(KernelContext c, IntArray pc, IntArray ints, FloatArray consts, ShortArray x,
            ShortArray y, IntArray k) {
        int p = pc.get(0) + k.get(0);
        int i = c.globalIdx;
        if (i < ints.get(p + 2)) {
            y.set(ints.get(p + 1) + i, BFloat16.bf16FromFloat(
                    Parts.quantized(x, ints.get(p), i, consts, ints.get(p + 3), ints.get(p + 4), ints.get(p + 5))));
        }
    }
}

package llams.engine.tornado.kernels;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.math.TornadoMath;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Functions that TornadoVM inlines into kernels. Every thread of a group must reach a method with a barrier. Local
/// arrays are allocated where they are used: TornadoVM computes wrong addresses for one that is passed on.
final class KernelFunctions {
    /// Threads of a work-group.
    static final int GROUP = 128;

    /// Threads of a group for long rows: a single row, as in decoding, is read by few groups, which wait for memory.
    static final int WIDE_GROUP = 512;

    private KernelFunctions() {}

    /// The sum over a group.
    static float sum(KernelContext c, float mine) {
        int t = c.localIdx;
        float[] part = c.allocateFloatLocalArray(GROUP);
        part[t] = mine;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (t < s) {
                part[t] += part[t + s];
            }
            c.localBarrier();
        }
        // What follows may reuse this memory.
        float all = part[0];
        c.localBarrier();
        return all;
    }

    /// The sum over a wide group.
    static float wideSum(KernelContext c, float mine) {
        int t = c.localIdx;
        float[] part = c.allocateFloatLocalArray(WIDE_GROUP);
        part[t] = mine;
        c.localBarrier();
        for (int s = WIDE_GROUP / 2; s > 0; s >>= 1) {
            if (t < s) {
                part[t] += part[t + s];
            }
            c.localBarrier();
        }
        float all = part[0];
        c.localBarrier();
        return all;
    }

    /// The largest of a group.
    static float most(KernelContext c, float mine) {
        int t = c.localIdx;
        float[] part = c.allocateFloatLocalArray(GROUP);
        part[t] = mine;
        c.localBarrier();
        for (int s = GROUP / 2; s > 0; s >>= 1) {
            if (t < s) {
                part[t] = TornadoMath.max(part[t], part[t + s]);
            }
            c.localBarrier();
        }
        float all = part[0];
        c.localBarrier();
        return all;
    }

    /// `log Σ exp x[from..to]` over a group; minus infinity for an empty range.
    static float logSumExp(KernelContext c, FloatArray x, int from, int to) {
        float mine = -3.0e38f;
        for (int i = from + c.localIdx; i <= to; i += GROUP) {
            mine = TornadoMath.max(mine, x.get(i));
        }
        float most = most(c, mine);
        mine = 0.0f;
        for (int i = from + c.localIdx; i <= to; i += GROUP) {
            mine += TornadoMath.exp(x.get(i) - most);
        }
        float sum = sum(c, mine);
        float all = Float.NEGATIVE_INFINITY;
        if (to >= from) {
            all = most + TornadoMath.log(sum);
        }
        return all;
    }

    /// A 16-bit float, see [Widening].
    static float wide(ShortArray x, int at, FloatArray consts, int bits, int scales, int ones) {
        int h = x.get(at) & 0xffff;
        int e = h >>> bits;
        return consts.get(scales + e) * ((h - (e << bits)) + consts.get(ones + e));
    }

    /// An element of a Q8_0 tensor whose first block is at `from`: blocks of 17 shorts, a scale in F16, widened as by
    /// [#wide], and 32 signed bytes, two per short, the lower one first.
    static float quantized(ShortArray x, int from, int element, FloatArray consts, int bits, int scales, int ones) {
        int block = from + (element >> 5) * 17;
        float scale = wide(x, block, consts, bits, scales, ones);
        int pair = x.get(block + 1 + (element & 31) / 2) & 0xffff;
        int q = pair >> (element & 1) * 8 & 0xff;
        // The OpenCL backend treats a masked integer as unsigned, so it becomes a float before it can be negative.
        return scale * ((q ^ 0x80) - 128.0f);
    }
}

package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// The inner loops of [GemvKernel] where one vector meets a matrix: four rows at a time, or two. Each leaves the
/// [Simd#SUM_LANES] lanes of every row's sum in `sums`, one row's after the other's.
final class GemvStreams {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;

    private GemvStreams() {}

    /// Adds what a row has beyond its whole sixteens to its sum's lanes.
    static void tail(Tensor many, long row, int k, float[] x, int xo, float[] sums, int so) {
        int i = k - k % SUM_LANES;
        if (many.dtype() == DType.F32) {
            for (; i <= k - LANES; i += LANES) {
                int lane = so + i % SUM_LANES;
                Simd.load(many.data(), row * k + i).fma(at(x, xo + i), at(sums, lane)).intoArray(sums, lane);
            }
        }
        for (; i < k; i++) {
            int lane = so + i % SUM_LANES;
            sums[lane] = Math.fma(many.getFloat(row * k + i), x[xo + i], sums[lane]);
        }
    }

    // In the loops below, offsets are a constant of the loop plus its variable: the compiler then takes the checks of
    // all loads out of the loop, which it does not for sums made in it. And they end by storing: adding lanes up as
    // well exceeds what it inlines. The numbers are those of a row's vectors of lanes: one of 512 bits, two of 256,
    // four of 128.

    static void fourF32(float[] x, MemorySegment w, long a, long b, long c, long d, int k, float[] sums) {
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector b0 = a0;
        FloatVector c0 = a0;
        FloatVector d0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector c1 = a0;
        FloatVector d1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector c2 = a0;
        FloatVector d2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector c3 = a0;
        FloatVector d3 = a0;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector v = at(x, i);
            a0 = Simd.load(w, a + i).fma(v, a0);
            b0 = Simd.load(w, b + i).fma(v, b0);
            c0 = Simd.load(w, c + i).fma(v, c0);
            d0 = Simd.load(w, d + i).fma(v, d0);
            if (LANES <= 8) {
                v = at(x, i + LANES);
                a1 = Simd.load(w, a + i + LANES).fma(v, a1);
                b1 = Simd.load(w, b + i + LANES).fma(v, b1);
                c1 = Simd.load(w, c + i + LANES).fma(v, c1);
                d1 = Simd.load(w, d + i + LANES).fma(v, d1);
            }
            if (LANES == 4) {
                v = at(x, i + 2 * LANES);
                a2 = Simd.load(w, a + i + 2 * LANES).fma(v, a2);
                b2 = Simd.load(w, b + i + 2 * LANES).fma(v, b2);
                c2 = Simd.load(w, c + i + 2 * LANES).fma(v, c2);
                d2 = Simd.load(w, d + i + 2 * LANES).fma(v, d2);
                v = at(x, i + 3 * LANES);
                a3 = Simd.load(w, a + i + 3 * LANES).fma(v, a3);
                b3 = Simd.load(w, b + i + 3 * LANES).fma(v, b3);
                c3 = Simd.load(w, c + i + 3 * LANES).fma(v, c3);
                d3 = Simd.load(w, d + i + 3 * LANES).fma(v, d3);
            }
        }
        Simd.keep(a0, a1, a2, a3, sums, 0);
        Simd.keep(b0, b1, b2, b3, sums, SUM_LANES);
        Simd.keep(c0, c1, c2, c3, sums, 2 * SUM_LANES);
        Simd.keep(d0, d1, d2, d3, sums, 3 * SUM_LANES);
    }

    static void fourBf16(float[] x, MemorySegment w, long a, long b, long c, long d, int k, float[] sums) {
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector b0 = a0;
        FloatVector c0 = a0;
        FloatVector d0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector c1 = a0;
        FloatVector d1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector c2 = a0;
        FloatVector d2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector c3 = a0;
        FloatVector d3 = a0;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector v = at(x, i);
            a0 = Simd.loadBf16(w, a + i).fma(v, a0);
            b0 = Simd.loadBf16(w, b + i).fma(v, b0);
            c0 = Simd.loadBf16(w, c + i).fma(v, c0);
            d0 = Simd.loadBf16(w, d + i).fma(v, d0);
            if (LANES <= 8) {
                v = at(x, i + LANES);
                a1 = Simd.loadBf16(w, a + i + LANES).fma(v, a1);
                b1 = Simd.loadBf16(w, b + i + LANES).fma(v, b1);
                c1 = Simd.loadBf16(w, c + i + LANES).fma(v, c1);
                d1 = Simd.loadBf16(w, d + i + LANES).fma(v, d1);
            }
            if (LANES == 4) {
                v = at(x, i + 2 * LANES);
                a2 = Simd.loadBf16(w, a + i + 2 * LANES).fma(v, a2);
                b2 = Simd.loadBf16(w, b + i + 2 * LANES).fma(v, b2);
                c2 = Simd.loadBf16(w, c + i + 2 * LANES).fma(v, c2);
                d2 = Simd.loadBf16(w, d + i + 2 * LANES).fma(v, d2);
                v = at(x, i + 3 * LANES);
                a3 = Simd.loadBf16(w, a + i + 3 * LANES).fma(v, a3);
                b3 = Simd.loadBf16(w, b + i + 3 * LANES).fma(v, b3);
                c3 = Simd.loadBf16(w, c + i + 3 * LANES).fma(v, c3);
                d3 = Simd.loadBf16(w, d + i + 3 * LANES).fma(v, d3);
            }
        }
        Simd.keep(a0, a1, a2, a3, sums, 0);
        Simd.keep(b0, b1, b2, b3, sums, SUM_LANES);
        Simd.keep(c0, c1, c2, c3, sums, 2 * SUM_LANES);
        Simd.keep(d0, d1, d2, d3, sums, 3 * SUM_LANES);
    }

    /// Widening f16 takes so many steps that only two rows at a time are inlined.
    static void twoF16(float[] x, MemorySegment w, long a, long b, int k, float[] sums, int so) {
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector b0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector v = at(x, i);
            a0 = Simd.loadF16(w, a + i).fma(v, a0);
            b0 = Simd.loadF16(w, b + i).fma(v, b0);
            if (LANES <= 8) {
                v = at(x, i + LANES);
                a1 = Simd.loadF16(w, a + i + LANES).fma(v, a1);
                b1 = Simd.loadF16(w, b + i + LANES).fma(v, b1);
            }
            if (LANES == 4) {
                v = at(x, i + 2 * LANES);
                a2 = Simd.loadF16(w, a + i + 2 * LANES).fma(v, a2);
                b2 = Simd.loadF16(w, b + i + 2 * LANES).fma(v, b2);
                v = at(x, i + 3 * LANES);
                a3 = Simd.loadF16(w, a + i + 3 * LANES).fma(v, a3);
                b3 = Simd.loadF16(w, b + i + 3 * LANES).fma(v, b3);
            }
        }
        Simd.keep(a0, a1, a2, a3, sums, so);
        Simd.keep(b0, b1, b2, b3, sums, so + SUM_LANES);
    }

    /// `a` to `d` are byte offsets. What of a block belongs to one lane is summed before it meets the block's scale.
    static void fourQ8(float[] x, MemorySegment w, long a, long b, long c, long d, int k, float[] sums) {
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector b0 = a0;
        FloatVector c0 = a0;
        FloatVector d0 = a0;
        FloatVector a1 = a0;
        FloatVector b1 = a0;
        FloatVector c1 = a0;
        FloatVector d1 = a0;
        FloatVector a2 = a0;
        FloatVector b2 = a0;
        FloatVector c2 = a0;
        FloatVector d2 = a0;
        FloatVector a3 = a0;
        FloatVector b3 = a0;
        FloatVector c3 = a0;
        FloatVector d3 = a0;
        for (int j = 0; j < k / Q8Block.ELEMENTS; j++) {
            long at = j * (long) Q8Block.BYTES;
            int i = j * Q8Block.ELEMENTS;
            FloatVector scaleA = Simd.q8Scale(w, a + at);
            FloatVector scaleB = Simd.q8Scale(w, b + at);
            FloatVector scaleC = Simd.q8Scale(w, c + at);
            FloatVector scaleD = Simd.q8Scale(w, d + at);
            a0 = q8Lower(x, i, w, a + at).fma(scaleA, a0);
            b0 = q8Lower(x, i, w, b + at).fma(scaleB, b0);
            c0 = q8Lower(x, i, w, c + at).fma(scaleC, c0);
            d0 = q8Lower(x, i, w, d + at).fma(scaleD, d0);
            if (LANES <= 8) {
                a1 = q8Upper(x, i, w, a + at).fma(scaleA, a1);
                b1 = q8Upper(x, i, w, b + at).fma(scaleB, b1);
                c1 = q8Upper(x, i, w, c + at).fma(scaleC, c1);
                d1 = q8Upper(x, i, w, d + at).fma(scaleD, d1);
            }
            if (LANES == 4) {
                a2 = q8Lower(x, i + 8, w, a + at + 8).fma(scaleA, a2);
                b2 = q8Lower(x, i + 8, w, b + at + 8).fma(scaleB, b2);
                c2 = q8Lower(x, i + 8, w, c + at + 8).fma(scaleC, c2);
                d2 = q8Lower(x, i + 8, w, d + at + 8).fma(scaleD, d2);
                a3 = q8Upper(x, i + 8, w, a + at + 8).fma(scaleA, a3);
                b3 = q8Upper(x, i + 8, w, b + at + 8).fma(scaleB, b3);
                c3 = q8Upper(x, i + 8, w, c + at + 8).fma(scaleC, c3);
                d3 = q8Upper(x, i + 8, w, d + at + 8).fma(scaleD, d3);
            }
        }
        Simd.keep(a0, a1, a2, a3, sums, 0);
        Simd.keep(b0, b1, b2, b3, sums, SUM_LANES);
        Simd.keep(c0, c1, c2, c3, sums, 2 * SUM_LANES);
        Simd.keep(d0, d1, d2, d3, sums, 3 * SUM_LANES);
    }

    /// The products of `LANES` bytes of the block at `block` with `x` from `i` on, and of those `SUM_LANES` further.
    private static FloatVector q8Lower(float[] x, int i, MemorySegment w, long block) {
        long q = block + Q8Block.FIRST;
        return Simd.q8Lower(w, q + SUM_LANES).fma(at(x, i + SUM_LANES), Simd.q8Lower(w, q).mul(at(x, i)));
    }

    /// The same of the `LANES` bytes after these.
    private static FloatVector q8Upper(float[] x, int i, MemorySegment w, long block) {
        long q = block + Q8Block.FIRST;
        return Simd.q8Upper(w, q + SUM_LANES)
                .fma(at(x, i + SUM_LANES + LANES), Simd.q8Upper(w, q).mul(at(x, i + LANES)));
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }
}

package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// The inner loops of [GemvKernel] where one vector meets a matrix.
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

    /// The vector as rows of this dtype want it: Q8_0 has two bytes of scale before every 32 elements, so `x` gets a gap
    /// of two floats after as many. One variable then counts both, and no check or sum of offsets is left in the loop.
    ///
    /// @param slot of the buffers, for a vector with gaps
    static float[] likeRows(DType dtype, float[] x, int k, ThreadBuffers buffers, int slot) {
        if (dtype != DType.Q8_0) {
            return x;
        }
        float[] spaced = buffers.floats(slot, blocks(k));
        for (int from = 0, to = 0; from < k; from += Q8Block.ELEMENTS, to += Q8Block.BYTES) {
            System.arraycopy(x, from, spaced, to, Q8Block.ELEMENTS);
        }
        return spaced;
    }

    /// The products of four rows with a vector, of whole sixteens of elements.
    ///
    /// @param x      as [#likeRows] has laid it out
    /// @param starts the rows' first elements
    /// @param sums   `[4, SUM_LANES]`: the lanes of their sums, overwritten
    static void fourRows(float[] x, Tensor many, long[] starts, int k, float[] sums) {
        MemorySegment w = many.data();
        switch (many.dtype()) {
            case F32 -> {
                if (LANES == SUM_LANES) {
                    fourF32(x, w, starts, k, sums);
                } else {
                    for (int lane = 0; lane < SUM_LANES; lane += 2 * LANES) {
                        eightF32(x, w, starts, lane, k, sums);
                    }
                }
            }
            case BF16 -> {
                for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                    fourBf16(x, w, starts[0] + lane, starts[1] + lane, starts[2] + lane, starts[3] + lane, lane, k,
                            sums);
                }
            }
            case F16 -> {
                for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                    twoF16(x, w, starts[0] + lane, starts[1] + lane, lane, k, sums, lane);
                    twoF16(x, w, starts[2] + lane, starts[3] + lane, lane, k, sums, lane + 2 * SUM_LANES);
                }
            }
            case Q8_0 -> {
                long a = DType.Q8_0.bytes(starts[0]);
                long b = DType.Q8_0.bytes(starts[1]);
                long c = DType.Q8_0.bytes(starts[2]);
                long d = DType.Q8_0.bytes(starts[3]);
                for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                    if (LANES == 4) {
                        twoQ8(x, w, a, b, lane, blocks(k), sums, lane);
                        twoQ8(x, w, c, d, lane, blocks(k), sums, lane + 2 * SUM_LANES);
                    } else {
                        fourQ8(x, w, a, b, c, d, lane, blocks(k), sums);
                    }
                }
            }
            default -> throw Widen.notAWeight(many.dtype());
        }
    }

    /// Bytes of a row of Q8_0, and floats of a vector laid out like it.
    private static int blocks(int k) {
        return k / Q8Block.ELEMENTS * Q8Block.BYTES;
    }

    // Each of the loops below makes four vectors of lanes, or two, or eight where loading is simple: with more, the
    // loop is longer than the compiler inlines, and each vector an object. Offsets are a constant of the loop plus its
    // variable: the compiler then takes the checks of all loads out of it, which it does not for sums made there. And
    // they end by storing: adding lanes up would be too much as well.

    private static void fourF32(float[] x, MemorySegment w, long[] starts, int k, float[] sums) {
        long a = starts[0];
        long b = starts[1];
        long c = starts[2];
        long d = starts[3];
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        FloatVector sumC = sumA;
        FloatVector sumD = sumA;
        for (int i = 0; i <= k - LANES; i += LANES) {
            FloatVector v = at(x, i);
            sumA = Simd.load(w, a + i).fma(v, sumA);
            sumB = Simd.load(w, b + i).fma(v, sumB);
            sumC = Simd.load(w, c + i).fma(v, sumC);
            sumD = Simd.load(w, d + i).fma(v, sumD);
        }
        sumA.intoArray(sums, 0);
        sumB.intoArray(sums, LANES);
        sumC.intoArray(sums, 2 * LANES);
        sumD.intoArray(sums, 3 * LANES);
    }

    /// Two vectors of lanes for each of four rows: loading f32 takes few steps.
    private static void eightF32(float[] x, MemorySegment w, long[] starts, int lane, int k, float[] sums) {
        long a = starts[0] + lane;
        long b = starts[1] + lane;
        long c = starts[2] + lane;
        long d = starts[3] + lane;
        long nextA = a + LANES;
        long nextB = b + LANES;
        long nextC = c + LANES;
        long nextD = d + LANES;
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        FloatVector sumC = sumA;
        FloatVector sumD = sumA;
        FloatVector nextSumA = sumA;
        FloatVector nextSumB = sumA;
        FloatVector nextSumC = sumA;
        FloatVector nextSumD = sumA;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector v = at(x, lane + i);
            sumA = Simd.load(w, a + i).fma(v, sumA);
            sumB = Simd.load(w, b + i).fma(v, sumB);
            sumC = Simd.load(w, c + i).fma(v, sumC);
            sumD = Simd.load(w, d + i).fma(v, sumD);
            FloatVector next = at(x, lane + LANES + i);
            nextSumA = Simd.load(w, nextA + i).fma(next, nextSumA);
            nextSumB = Simd.load(w, nextB + i).fma(next, nextSumB);
            nextSumC = Simd.load(w, nextC + i).fma(next, nextSumC);
            nextSumD = Simd.load(w, nextD + i).fma(next, nextSumD);
        }
        sumA.intoArray(sums, lane);
        sumB.intoArray(sums, lane + SUM_LANES);
        sumC.intoArray(sums, lane + 2 * SUM_LANES);
        sumD.intoArray(sums, lane + 3 * SUM_LANES);
        nextSumA.intoArray(sums, lane + LANES);
        nextSumB.intoArray(sums, lane + LANES + SUM_LANES);
        nextSumC.intoArray(sums, lane + LANES + 2 * SUM_LANES);
        nextSumD.intoArray(sums, lane + LANES + 3 * SUM_LANES);
    }

    private static void fourBf16(float[] x, MemorySegment w, long a, long b, long c, long d, int lane, int k,
            float[] sums) {
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        FloatVector sumC = sumA;
        FloatVector sumD = sumA;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector v = at(x, lane + i);
            sumA = Simd.loadBf16(w, a + i).fma(v, sumA);
            sumB = Simd.loadBf16(w, b + i).fma(v, sumB);
            sumC = Simd.loadBf16(w, c + i).fma(v, sumC);
            sumD = Simd.loadBf16(w, d + i).fma(v, sumD);
        }
        sumA.intoArray(sums, lane);
        sumB.intoArray(sums, lane + SUM_LANES);
        sumC.intoArray(sums, lane + 2 * SUM_LANES);
        sumD.intoArray(sums, lane + 3 * SUM_LANES);
    }

    /// Widening f16 takes many steps.
    private static void twoF16(float[] x, MemorySegment w, long a, long b, int lane, int k, float[] sums, int so) {
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector v = at(x, lane + i);
            sumA = Simd.loadF16(w, a + i).fma(v, sumA);
            sumB = Simd.loadF16(w, b + i).fma(v, sumB);
        }
        sumA.intoArray(sums, so);
        sumB.intoArray(sums, so + SUM_LANES);
    }

    /// `a` to `d` are byte offsets. What of a block belongs to one lane is summed before it meets the block's scale.
    private static void fourQ8(float[] x, MemorySegment w, long a, long b, long c, long d, int lane, int bytes,
            float[] sums) {
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        FloatVector sumC = sumA;
        FloatVector sumD = sumA;
        for (int i = 0; i <= bytes - Q8Block.BYTES; i += Q8Block.BYTES) {
            sumA = q8(x, i + lane, w, a + i, lane).fma(Simd.q8Scale(w, a + i), sumA);
            sumB = q8(x, i + lane, w, b + i, lane).fma(Simd.q8Scale(w, b + i), sumB);
            sumC = q8(x, i + lane, w, c + i, lane).fma(Simd.q8Scale(w, c + i), sumC);
            sumD = q8(x, i + lane, w, d + i, lane).fma(Simd.q8Scale(w, d + i), sumD);
        }
        sumA.intoArray(sums, lane);
        sumB.intoArray(sums, lane + SUM_LANES);
        sumC.intoArray(sums, lane + 2 * SUM_LANES);
        sumD.intoArray(sums, lane + 3 * SUM_LANES);
    }

    /// The same for two rows: with vectors of four lanes, widening takes more steps.
    private static void twoQ8(float[] x, MemorySegment w, long a, long b, int lane, int bytes, float[] sums, int so) {
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        for (int i = 0; i <= bytes - Q8Block.BYTES; i += Q8Block.BYTES) {
            sumA = q8(x, i + lane, w, a + i, lane).fma(Simd.q8Scale(w, a + i), sumA);
            sumB = q8(x, i + lane, w, b + i, lane).fma(Simd.q8Scale(w, b + i), sumB);
        }
        sumA.intoArray(sums, so);
        sumB.intoArray(sums, so + SUM_LANES);
    }

    /// The products of the two elements that each lane has of a block.
    private static FloatVector q8(float[] x, int i, MemorySegment w, long block, int lane) {
        long q = block + Q8Block.FIRST + lane;
        return Simd.q8(w, q + SUM_LANES).fma(at(x, i + SUM_LANES), Simd.q8(w, q).mul(at(x, i)));
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }
}

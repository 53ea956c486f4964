package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// The inner loops of [GemvKernel] where one vector meets a matrix.
final class GemvStreams {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;

    private static final MethodHandle[] ROWS = rows();

    private GemvStreams() {}

    private static MethodHandle[] rows() {
        MethodHandle[] rows = ApartLoops.none();
        put(rows, DType.F32, GemvStreams.class, "f32");
        put(rows, DType.BF16, GemvStreams.class, "bf16");
        put(rows, DType.F16, GemvStreams.class, "f16");
        put(rows, DType.Q8_0, GemvStreams.class, "q8");
        put(rows, DType.NF4, GemvNf4.class, "rows");
        put(rows, DType.Q4_0, GemvBlocks.class, "q40");
        for (DType dtype : new DType[] {DType.Q4_K, DType.Q5_K, DType.Q6_K}) {
            put(rows, dtype, GemvBlocks.class, "kRows");
        }
        return rows;
    }

    private static void put(MethodHandle[] rows, DType dtype, Class<?> holder, String name) {
        ApartLoops.put(rows, dtype, holder, name, float[].class, Tensor.class, long[].class, int.class, float[].class,
                float[].class);
    }

    /// Elements of a row that [#fourRows] multiplies: whole sixteens, or as [GemvBlocks] and [GemvNf4] have it.
    static int streamed(Tensor many, int k) {
        return switch (many.dtype()) {
            case Q4_0, Q4_K, Q5_K, Q6_K -> GemvBlocks.streamed(many.dtype(), k);
            case NF4 -> GemvNf4.streamed(k);
            default -> k - k % SUM_LANES;
        };
    }

    /// Floats of working memory that [#fourRows] needs.
    static int scales(Tensor many, int k) {
        return switch (many.dtype()) {
            case Q4_0, Q4_K, Q5_K, Q6_K -> 2 * GemvBlocks.scales(many.dtype(), k);
            case NF4 -> GemvNf4.scales(k);
            default -> 0;
        };
    }

    /// Adds the products of a row's elements from `i` on to its sum's lanes.
    static void tail(Tensor many, long row, int i, int k, float[] x, int xo, float[] sums, int so) {
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

    /// The vector as rows of this dtype want it: one variable then counts bytes of the row and floats of the vector, and
    /// no check or sum of offsets is left in the loop. Q8_0 has two bytes of scale before every 32 elements, so `x` gets
    /// a gap of two floats after as many.
    ///
    /// @param slot of the buffers, for a vector laid out anew
    static float[] likeRows(Tensor many, float[] x, int k, ThreadBuffers buffers, int slot) {
        return switch (many.dtype()) {
            case Q8_0 -> {
                float[] spaced = buffers.floats(slot, blocks(k));
                for (int from = 0, to = 0; from < k; from += Q8Block.ELEMENTS, to += Q8Block.BYTES) {
                    System.arraycopy(x, from, spaced, to, Q8Block.ELEMENTS);
                }
                yield spaced;
            }
            case NF4 -> GemvNf4.likeRows(x, k, buffers, slot);
            case Q4_0, Q4_K, Q5_K, Q6_K -> GemvBlocks.likeRows(many.dtype(), x, k, buffers, slot);
            default -> x;
        };
    }

    /// The products of four rows with a vector, of their first elements: see [#streamed].
    ///
    /// @param x      as [#likeRows] has laid it out
    /// @param starts the rows' first elements
    /// @param sums   `[4, SUM_LANES]`: the lanes of their sums, overwritten
    /// @param scales working memory, as much as [#scales] says
    static void fourRows(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        try {
            ROWS[many.dtype().ordinal()].invokeExact(x, many, starts, k, sums, scales);
        } catch (Throwable e) {
            throw ApartLoops.thrown(e);
        }
    }

    static void f32(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        if (LANES == SUM_LANES) {
            fourF32(x, many.data(), starts, k, sums);
        } else {
            for (int lane = 0; lane < SUM_LANES; lane += 2 * LANES) {
                eightF32(x, many.data(), starts, lane, k, sums);
            }
        }
    }

    static void bf16(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        for (int lane = 0; lane < SUM_LANES; lane += LANES) {
            fourBf16(x, many.data(), starts[0] + lane, starts[1] + lane, starts[2] + lane, starts[3] + lane, lane, k,
                    sums);
        }
    }

    static void f16(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        for (int lane = 0; lane < SUM_LANES; lane += LANES) {
            for (int row = 0; row < starts.length; row += 2) {
                twoF16(x, many.data(), starts[row] + lane, starts[row + 1] + lane, lane, k, sums,
                        row * SUM_LANES + lane);
            }
        }
    }

    static void q8(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        if (2 * LANES == SUM_LANES) {
            for (int row = 0; row < starts.length; row += 2) {
                pairQ8(x, many.data(), DType.Q8_0.bytes(starts[row]), DType.Q8_0.bytes(starts[row + 1]), blocks(k),
                        sums, row * SUM_LANES);
            }
            return;
        }
        for (int lane = 0; lane < SUM_LANES; lane += LANES) {
            fourQ8(x, many.data(), starts, lane, blocks(k), sums);
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

    /// The scale comes first, as in [GemvSeveral], where an element meets several vectors; a code times a scale is exact.
    /// The two steps of a block are a loop, which the compiler unrolls: written out, they would be more than it inlines.
    private static void fourQ8(float[] x, MemorySegment w, long[] starts, int lane, int bytes, float[] sums) {
        long a = DType.Q8_0.bytes(starts[0]);
        long b = DType.Q8_0.bytes(starts[1]);
        long c = DType.Q8_0.bytes(starts[2]);
        long d = DType.Q8_0.bytes(starts[3]);
        long codes = Q8Block.FIRST + lane;
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        FloatVector sumC = sumA;
        FloatVector sumD = sumA;
        for (int i = 0; i <= bytes - Q8Block.BYTES; i += Q8Block.BYTES) {
            FloatVector scaleA = Simd.q8Scale(w, a + i);
            FloatVector scaleB = Simd.q8Scale(w, b + i);
            FloatVector scaleC = Simd.q8Scale(w, c + i);
            FloatVector scaleD = Simd.q8Scale(w, d + i);
            for (int half = 0; half < Q8Block.ELEMENTS; half += SUM_LANES) {
                FloatVector v = at(x, i + half + lane);
                sumA = Simd.q8(w, a + codes + half + i).mul(scaleA).fma(v, sumA);
                sumB = Simd.q8(w, b + codes + half + i).mul(scaleB).fma(v, sumB);
                sumC = Simd.q8(w, c + codes + half + i).mul(scaleC).fma(v, sumC);
                sumD = Simd.q8(w, d + codes + half + i).mul(scaleD).fma(v, sumD);
            }
        }
        sumA.intoArray(sums, lane);
        sumB.intoArray(sums, lane + SUM_LANES);
        sumC.intoArray(sums, lane + 2 * SUM_LANES);
        sumD.intoArray(sums, lane + 3 * SUM_LANES);
    }

    /// Two rows of two vectors of lanes, which share the row's scales.
    private static void pairQ8(float[] x, MemorySegment w, long a, long b, int bytes, float[] sums, int so) {
        long nextCodes = Q8Block.FIRST + LANES;
        FloatVector sumA = FloatVector.zero(Simd.F);
        FloatVector sumB = sumA;
        FloatVector nextA = sumA;
        FloatVector nextB = sumA;
        for (int i = 0; i <= bytes - Q8Block.BYTES; i += Q8Block.BYTES) {
            FloatVector scaleA = Simd.q8Scale(w, a + i);
            FloatVector scaleB = Simd.q8Scale(w, b + i);
            for (int half = 0; half < Q8Block.ELEMENTS; half += SUM_LANES) {
                FloatVector v = at(x, i + half);
                FloatVector next = at(x, i + half + LANES);
                sumA = Simd.q8(w, a + Q8Block.FIRST + half + i).mul(scaleA).fma(v, sumA);
                sumB = Simd.q8(w, b + Q8Block.FIRST + half + i).mul(scaleB).fma(v, sumB);
                nextA = Simd.q8(w, a + nextCodes + half + i).mul(scaleA).fma(next, nextA);
                nextB = Simd.q8(w, b + nextCodes + half + i).mul(scaleB).fma(next, nextB);
            }
        }
        sumA.intoArray(sums, so);
        nextA.intoArray(sums, so + LANES);
        sumB.intoArray(sums, so + SUM_LANES);
        nextB.intoArray(sums, so + SUM_LANES + LANES);
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }
}

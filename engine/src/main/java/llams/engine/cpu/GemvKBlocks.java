package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.KBlock;

/// The loops of [GemvBlocks] over k-quants. Each adds the products of a row to its sum's lanes.
///
/// Groups that differ in their numbers alone are loops of two for the reason that [GemvBlocks#products] gives.
final class GemvKBlocks {
    private static final int HALF = GemvBlocks.HALF;
    /// The lower four bits of every byte.
    private static final int LOW = 0x0f0f0f0f;

    private GemvKBlocks() {}

    /// Groups of 64 elements: the lower and the upper halves of 32 bytes.
    static void q4K(float[] x, MemorySegment w, long row, int bytes, float[] scales, float[] sums, int so) {
        for (int lane = 0; lane < HALF; lane += GemvBlocks.LANES) {
            q4K(x, w, row, lane, bytes, scales, sums, so + lane);
        }
    }

    private static void q4K(float[] x, MemorySegment w, long row, int lane, int bytes, float[] scales, float[] sums,
            int so) {
        FloatVector low = at(sums, so);
        FloatVector high = at(sums, so + HALF);
        long codes = row + KBlock.Q4_CODES + 4 * lane;
        for (int i = 0; i <= bytes - KBlock.Q4_BYTES; i += KBlock.Q4_BYTES) {
            for (int half = 0; half < 2; half++) {
                for (int g = 2 * half, n = 0; n < 2; n++, g++) {
                    IntVector pairs = GemvBlocks.ints(w, codes + i + 32 * g);
                    int xi = 2 * i + 64 * g + lane;
                    low = products(pairs, 15, x, xi).fma(scale(scales, i + 2 * g), low);
                    high = products(shifted(pairs), 15, x, xi + 32).fma(scale(scales, i + 2 * g + 1), high);
                }
            }
        }
        low.intoArray(sums, so);
        high.intoArray(sums, so + HALF);
    }

    static void q5K(float[] x, MemorySegment w, long row, int bytes, float[] scales, float[] sums, int so) {
        for (int lane = 0; lane < HALF; lane += GemvBlocks.LANES) {
            q5K(x, w, row, lane, bytes, scales, sums, so + lane);
        }
    }

    private static void q5K(float[] x, MemorySegment w, long row, int lane, int bytes, float[] scales, float[] sums,
            int so) {
        IntVector low4 = IntVector.broadcast(GemvBlocks.I, LOW);
        IntVector fifthBit = IntVector.broadcast(GemvBlocks.I, 0x10101010);
        FloatVector low = at(sums, so);
        FloatVector high = at(sums, so + HALF);
        long codes = row + KBlock.Q5_CODES + 4 * lane;
        long fifths = row + KBlock.Q5_HIGH + 4 * lane;
        for (int i = 0; i <= bytes - KBlock.Q5_BYTES; i += KBlock.Q5_BYTES) {
            IntVector fifth = GemvBlocks.ints(w, fifths + i);
            for (int half = 0; half < 2; half++) {
                for (int g = 2 * half, n = 0; n < 2; n++, g++) {
                    IntVector pairs = GemvBlocks.ints(w, codes + i + 32 * g);
                    int xi = 2 * i + 64 * g + lane;
                    IntVector bit = fifth.lanewise(VectorOperators.LSHR, 2 * g);
                    IntVector lower = bit.lanewise(VectorOperators.LSHL, 4).and(fifthBit).or(pairs.and(low4));
                    low = products(lower, 31, x, xi).fma(scale(scales, i + 2 * g), low);
                    IntVector upper = bit.lanewise(VectorOperators.LSHL, 3).and(fifthBit).or(shifted(pairs).and(low4));
                    high = products(upper, 31, x, xi + 32).fma(scale(scales, i + 2 * g + 1), high);
                }
            }
        }
        low.intoArray(sums, so);
        high.intoArray(sums, so + HALF);
    }

    /// Groups of 128 elements: the lower halves of 64 bytes, then the upper ones. What is in the first 32 bytes, and in the
    /// second, has sums of its own.
    static void q6K(float[] x, MemorySegment w, long row, int bytes, float[] scales, float[] sums, int so) {
        for (int lane = 0; lane < Simd.SUM_LANES; lane += GemvBlocks.LANES) {
            q6K(x, w, row + 4 * (lane % HALF), lane % HALF, lane / HALF, bytes, scales, sums, so + lane);
        }
    }

    private static void q6K(float[] x, MemorySegment w, long row, int lane, int second, int bytes, float[] scales,
            float[] sums, int so) {
        IntVector low4 = IntVector.broadcast(GemvBlocks.I, LOW);
        IntVector upper2 = IntVector.broadcast(GemvBlocks.I, 0x30303030);
        FloatVector sum = at(sums, so);
        long codes = row + 32 * second;
        long uppers = row + KBlock.Q6_HIGH;
        int xo = 32 * second + lane;
        int s = 2 * second + lane / 4;
        for (int i = 0; i <= bytes - KBlock.Q6_BYTES; i += KBlock.Q6_BYTES) {
            for (int half = 0; half < 2; half++) {
                IntVector pairs = GemvBlocks.ints(w, codes + i + 64 * half);
                IntVector top = GemvBlocks.ints(w, uppers + i + 32 * half).lanewise(VectorOperators.LSHR, 2 * second);
                for (int n = 0; n < 2; n++) {
                    IntVector both = top.lanewise(VectorOperators.LSHL, 4 - 4 * n)
                            .and(upper2)
                            .or(pairs.lanewise(VectorOperators.LSHR, 4 * n).and(low4));
                    sum = products(both, 63, x, xo + 2 * i + 128 * half + 64 * n)
                            .fma(twoScales(scales, s + i + 8 * half + 4 * n), sum);
                }
            }
        }
        sum.intoArray(sums, so);
    }

    private static FloatVector twoScales(float[] scales, int s) {
        FloatVector scale = scale(scales, s);
        return GemvBlocks.LANES == 4 ? scale : scale.blend(scales[s + 1], GemvBlocks.SECOND_FOUR_FLOATS);
    }

    private static FloatVector scale(float[] scales, int s) {
        return FloatVector.broadcast(GemvBlocks.F, scales[s]);
    }

    private static IntVector shifted(IntVector pairs) {
        return pairs.lanewise(VectorOperators.LSHR, 4);
    }

    private static FloatVector products(IntVector bytes, int mask, float[] x, int i) {
        return GemvBlocks.products(bytes, mask, x, i, FloatVector.zero(GemvBlocks.F));
    }

    private static FloatVector at(float[] x, int index) {
        return GemvBlocks.at(x, index);
    }
}

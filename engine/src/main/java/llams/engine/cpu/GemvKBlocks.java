package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShuffle;
import llams.engine.tensor.KBlock;

/// The loops of [GemvBlocks] over k-quants: two rows, which share what is loaded of `x`, and half a block of each, whose
/// 64 bytes of lower bits are 16 lanes. Each adds its products to its sums' lanes.
///
/// Loops of two, one in the other, count once for what the compiler takes in, and are unrolled afterwards as short loops
/// always are. Written out, they would be more than it inlines; so would a whole block.
final class GemvKBlocks {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;
    /// Lanes that have 32 bytes.
    private static final int HALF = 8;
    /// The lower four bits of every byte.
    private static final int LOW = 0x0f0f0f0f;
    private static final int FIFTH = 0x10101010;
    private static final int UPPER_TWO = 0x30303030;
    /// Of 16 integers, the first or the second eight, twice.
    private static final VectorShuffle<Integer> FIRST_EIGHT = eightTwice(0);
    private static final VectorShuffle<Integer> SECOND_EIGHT = eightTwice(HALF % LANES);
    /// 0 in the lanes that have the first 32 bytes, 2 in the others.
    private static final IntVector TWO_IN_SECOND = IntVector.zero(Simd.I)
            .addIndex(1)
            .lanewise(VectorOperators.LSHR, 3)
            .mul(2);

    /// Where lanes find the scale of their 32 bytes, and of their 16.
    private static final VectorShuffle<Float> OF_EIGHT_LANES = VectorShuffle.fromOp(Simd.F, lane -> lane / HALF * 2);
    private static final VectorShuffle<Float> OF_FOUR_LANES = VectorShuffle.fromOp(Simd.F, lane -> lane / 4);

    private GemvKBlocks() {}

    private static VectorShuffle<Integer> eightTwice(int first) {
        return VectorShuffle.fromOp(Simd.I, lane -> first + lane % HALF);
    }

    /// Groups of 64 elements: the lower and the upper halves of 32 bytes.
    ///
    /// @param x      as [GemvBlocks#likeRows] has laid it out for this half and lane
    /// @param a      the first row's bytes of the half and lane
    /// @param b      the second's
    /// @param from   the first block's first byte
    /// @param to     the end of the last
    /// @param scales of the first row, then of the second
    /// @param second where those begin
    static void q4K(float[] x, int xo, MemorySegment w, long row, long other, int half, int lane, int from, int to,
            float[] scales, int second, float[] sums, int so) {
        long first = KBlock.Q4_CODES + 64 * half + 4 * lane;
        long a = row + first;
        long b = other + first;
        int group = 4 * half + lane / HALF * 2;
        FloatVector sumA = at(sums, so);
        FloatVector sumB = at(sums, so + SUM_LANES);
        for (int i = from; i < to; i += KBlock.Q4_BYTES) {
            IntVector codesA = ints(w, a + i);
            IntVector codesB = ints(w, b + i);
            for (int n = 0; n < 2; n++) {
                FloatVector productsA = FloatVector.zero(Simd.F);
                FloatVector productsB = productsA;
                for (int two = 0; two < 2; two++) {
                    for (int one = 0; one < 2; one++) {
                        int m = 2 * two + one;
                        FloatVector v = at(x, xo + i + 64 * n + SUM_LANES * m);
                        productsA = floats(codesA.and(15 << 8 * m)).fma(v, productsA);
                        productsB = floats(codesB.and(15 << 8 * m)).fma(v, productsB);
                    }
                }
                sumA = productsA.fma(scale(scales, i + group + n), sumA);
                sumB = productsB.fma(scale(scales, i + second + group + n), sumB);
                codesA = codesA.lanewise(VectorOperators.LSHR, 4);
                codesB = codesB.lanewise(VectorOperators.LSHR, 4);
            }
        }
        sumA.intoArray(sums, so);
        sumB.intoArray(sums, so + SUM_LANES);
    }

    /// The same, with the fifth bits of all groups in 32 bytes.
    static void q5K(float[] x, int xo, MemorySegment w, long row, long other, int half, int lane, int from, int to,
            float[] scales, int second, float[] sums, int so) {
        long first = KBlock.Q5_CODES + 64 * half + 4 * lane;
        long a = row + first;
        long b = other + first;
        long highA = row + KBlock.Q5_HIGH + 4 * (lane % HALF);
        long highB = other + KBlock.Q5_HIGH + 4 * (lane % HALF);
        int group = 4 * half + lane / HALF * 2;
        // Bit `group` of a byte becomes its fifth.
        IntVector shift = TWO_IN_SECOND.add(4 * half + lane / HALF * 2 - 4);
        FloatVector sumA = at(sums, so);
        FloatVector sumB = at(sums, so + SUM_LANES);
        for (int i = from; i < to; i += KBlock.Q5_BYTES) {
            IntVector codesA = ints(w, a + i);
            IntVector codesB = ints(w, b + i);
            IntVector fifthA = twice(ints(w, highA + i), FIRST_EIGHT).lanewise(VectorOperators.ROR, shift);
            IntVector fifthB = twice(ints(w, highB + i), FIRST_EIGHT).lanewise(VectorOperators.ROR, shift);
            for (int n = 0; n < 2; n++) {
                IntVector bytesA = codesA.and(LOW).or(fifthA.and(FIFTH));
                IntVector bytesB = codesB.and(LOW).or(fifthB.and(FIFTH));
                FloatVector productsA = FloatVector.zero(Simd.F);
                FloatVector productsB = productsA;
                for (int two = 0; two < 2; two++) {
                    for (int one = 0; one < 2; one++) {
                        int m = 2 * two + one;
                        FloatVector v = at(x, xo + i + 64 * n + SUM_LANES * m);
                        productsA = floats(bytesA.and(31 << 8 * m)).fma(v, productsA);
                        productsB = floats(bytesB.and(31 << 8 * m)).fma(v, productsB);
                    }
                }
                sumA = productsA.fma(scale(scales, i + group + n), sumA);
                sumB = productsB.fma(scale(scales, i + second + group + n), sumB);
                codesA = codesA.lanewise(VectorOperators.LSHR, 4);
                codesB = codesB.lanewise(VectorOperators.LSHR, 4);
                fifthA = fifthA.lanewise(VectorOperators.LSHR, 1);
                fifthB = fifthB.lanewise(VectorOperators.LSHR, 1);
            }
        }
        sumA.intoArray(sums, so);
        sumB.intoArray(sums, so + SUM_LANES);
    }

    /// Groups of 128 elements: the lower halves of 64 bytes, then the upper ones; the upper two bits of all in 32 bytes.
    static void q6K(float[] x, int xo, MemorySegment w, long row, long other, int half, int lane, int from, int to,
            float[] scales, int second, float[] sums, int so) {
        long first = 64 * half + 4 * lane;
        long a = row + first;
        long b = other + first;
        long high = KBlock.Q6_HIGH + (LANES > HALF ? 0 : 32 * half + 4 * (lane % HALF));
        long highA = row + high;
        long highB = other + high;
        int group = 8 * half + lane / 4;
        VectorShuffle<Integer> eight = half == 0 ? FIRST_EIGHT : SECOND_EIGHT;
        // The bits of the first elements become the fifth and sixth of their bytes.
        IntVector shift = TWO_IN_SECOND.add(lane / HALF * 2 - 4);
        FloatVector sumA = at(sums, so);
        FloatVector sumB = at(sums, so + SUM_LANES);
        for (int i = from; i < to; i += KBlock.Q6_BYTES) {
            IntVector codesA = ints(w, a + i);
            IntVector codesB = ints(w, b + i);
            IntVector upperA = twice(ints(w, highA + i), eight).lanewise(VectorOperators.ROR, shift);
            IntVector upperB = twice(ints(w, highB + i), eight).lanewise(VectorOperators.ROR, shift);
            for (int n = 0; n < 2; n++) {
                IntVector bytesA = codesA.and(LOW).or(upperA.and(UPPER_TWO));
                IntVector bytesB = codesB.and(LOW).or(upperB.and(UPPER_TWO));
                FloatVector productsA = FloatVector.zero(Simd.F);
                FloatVector productsB = productsA;
                for (int two = 0; two < 2; two++) {
                    for (int one = 0; one < 2; one++) {
                        int m = 2 * two + one;
                        FloatVector v = at(x, xo + i + 64 * n + SUM_LANES * m);
                        productsA = floats(bytesA.and(63 << 8 * m)).fma(v, productsA);
                        productsB = floats(bytesB.and(63 << 8 * m)).fma(v, productsB);
                    }
                }
                sumA = productsA.fma(scaleOfFour(scales, i + group + 4 * n), sumA);
                sumB = productsB.fma(scaleOfFour(scales, i + second + group + 4 * n), sumB);
                codesA = codesA.lanewise(VectorOperators.LSHR, 4);
                codesB = codesB.lanewise(VectorOperators.LSHR, 4);
                upperA = upperA.lanewise(VectorOperators.ROR, 4);
                upperB = upperB.lanewise(VectorOperators.ROR, 4);
            }
        }
        sumA.intoArray(sums, so);
        sumB.intoArray(sums, so + SUM_LANES);
    }

    /// Eight of 16 integers for both halves of the lanes; shorter vectors have no more than these.
    private static IntVector twice(IntVector ints, VectorShuffle<Integer> eight) {
        return LANES > HALF ? ints.rearrange(eight) : ints;
    }

    /// The scale of 32 bytes' codes in each lane that has some of them.
    private static FloatVector scale(float[] scales, int s) {
        return LANES > HALF ? at(scales, s).rearrange(OF_EIGHT_LANES) : FloatVector.broadcast(Simd.F, scales[s]);
    }

    /// The scale of 16 bytes' codes likewise.
    private static FloatVector scaleOfFour(float[] scales, int s) {
        return LANES == 4 ? FloatVector.broadcast(Simd.F, scales[s]) : at(scales, s).rearrange(OF_FOUR_LANES);
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }

    private static IntVector ints(MemorySegment w, long offsetBytes) {
        return IntVector.fromMemorySegment(Simd.I, w, offsetBytes, Simd.LE);
    }

    private static FloatVector floats(IntVector codes) {
        return (FloatVector) codes.convert(VectorOperators.I2F, 0);
    }
}

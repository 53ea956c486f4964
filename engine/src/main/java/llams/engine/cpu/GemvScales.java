package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Tensor;

/// The part of [GemvBlocks] that widens the scales of a row of k-quants, one for each group of a block, and puts into its
/// sum's lanes what its minima contribute.
final class GemvScales {
    // Where lane `l` finds six-bit number `l` of a block of Q4_K or Q5_K, of eight: in one integer of the 12 bytes, and
    // in the last, both shifted right and masked. There is none for lanes 8 to 15.
    private static final int[] FIRST_SHIFT = {0, 8, 16, 24, 2, 10, 18, 26, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final int[] FIRST_MASK = {63, 63, 63, 63, 48, 48, 48, 48, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final int[] LAST_SHIFT = {0, 0, 0, 0, 0, 8, 16, 24, 0, 0, 0, 0, 0, 0, 0, 0};
    private static final int[] LAST_MASK = {0, 0, 0, 0, 15, 15, 15, 15, 0, 0, 0, 0, 0, 0, 0, 0};

    private GemvScales() {}

    /// @param x      as [GemvBlocks#likeRows] has laid it out
    /// @param bytes  of a row
    /// @param scales those of a block begin where the block does
    /// @param sums   from `so` on, `SUM_LANES` of the row
    static void q4K(float[] x, MemorySegment w, long row, int bytes, float[] scales, int first, float[] sums, int so) {
        for (int lane = 0; lane < GemvBlocks.HALF; lane += Simd.LANES) {
            ofGroups(x, w, row, bytes, KBlock.Q4_BYTES, lane, scales, first + lane, sums, so + lane);
        }
    }

    static void q5K(float[] x, MemorySegment w, long row, int bytes, float[] scales, int first, float[] sums, int so) {
        for (int lane = 0; lane < GemvBlocks.HALF; lane += Simd.LANES) {
            ofGroups(x, w, row, bytes, KBlock.Q5_BYTES, lane, scales, first + lane, sums, so + lane);
        }
    }

    private static void ofGroups(float[] x, MemorySegment w, long row, int bytes, int blockBytes, int lane,
            float[] scales, int first, float[] sums, int so) {
        IntVector firstShift = IntVector.fromArray(Simd.I, FIRST_SHIFT, lane);
        IntVector firstMask = IntVector.fromArray(Simd.I, FIRST_MASK, lane);
        IntVector lastShift = IntVector.fromArray(Simd.I, LAST_SHIFT, lane);
        IntVector lastMask = IntVector.fromArray(Simd.I, LAST_MASK, lane);
        FloatVector sum = FloatVector.zero(Simd.F);
        for (int i = 0; i <= bytes - blockBytes; i += blockBytes) {
            // The two factors, then three integers of scales and minima: two loads, for what five would be to the compiler.
            long factors = w.get(Tensor.I64, row + i);
            long rest = w.get(Tensor.I64, row + i + 8);
            IntVector last = integer(rest >>> 32).lanewise(VectorOperators.LSHR, lastShift);
            IntVector scale = integer(factors >>> 32).lanewise(VectorOperators.LSHR, firstShift)
                    .and(firstMask)
                    .or(last.and(lastMask));
            GemvBlocks.floats(scale).mul(factor(factors)).intoArray(scales, first + i);
            IntVector min = integer(rest).lanewise(VectorOperators.LSHR, firstShift)
                    .and(firstMask)
                    .or(last.lanewise(VectorOperators.LSHR, 4).and(lastMask));
            sum = GemvBlocks.floats(min)
                    .mul(factor(factors >>> 16))
                    .fma(GemvBlocks.at(x, i + GemvBlocks.HALF_BLOCK + lane), sum);
        }
        sum.intoArray(sums, so);
        if (Simd.LANES < Simd.SUM_LANES) {
            FloatVector.zero(Simd.F).intoArray(sums, so + GemvBlocks.HALF);
        }
    }

    private static IntVector integer(long bits) {
        return IntVector.broadcast(Simd.I, (int) bits);
    }

    /// The f16 number of the lowest two bytes.
    private static FloatVector factor(long bits) {
        return FloatVector.broadcast(Simd.F, Float16Table.VALUES[(int) bits & 0xffff]);
    }

    /// The minima are what the subtraction of 32 from each code contributes.
    static void q6K(float[] x, MemorySegment w, long row, int bytes, float[] scales, int first, float[] sums, int so) {
        for (int lane = 0; lane < Simd.SUM_LANES; lane += Simd.LANES) {
            FloatVector sum = FloatVector.zero(Simd.F);
            for (int i = 0; i <= bytes - KBlock.Q6_BYTES; i += KBlock.Q6_BYTES) {
                FloatVector scale = Simd.q8(w, row + i + (KBlock.Q6_SCALES + lane))
                        .mul(Simd.q8Scale(w, row + i + KBlock.Q6_FACTOR));
                scale.intoArray(scales, first + lane + i);
                sum = scale.fma(FloatVector.fromArray(Simd.F, x, i + GemvBlocks.HALF_BLOCK + lane), sum);
            }
            sum.intoArray(sums, so + lane);
        }
    }
}

package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorSpecies;
import llams.engine.tensor.DType;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Q4Block;
import llams.engine.tensor.Tensor;

/// The inner loops of [GemvKernel] where one vector meets a matrix in blocks of four to six bits an element
/// ([Q4Block], [KBlock]).
///
/// A vector of eight integers holds 32 bytes of codes, so each of its lanes has those of four bytes. They are not moved
/// to its bottom: a mask leaves a code where it is, a multiple of a power of two, and the element of `x` that it meets
/// has been divided by that power beforehand, which is exact. So an element costs a mask, a conversion and a product.
/// What belongs to one lane of a run is summed before it meets the run's scale. Minima meet the sums of the elements of
/// `x` that share them, once for all rows.
///
/// Vectors have at most eight lanes: wider ones would span runs of different scales. Sums have 16 lanes all the same:
/// eight of the lower halves of bytes, and eight of the upper ones.
final class GemvBlocks {
    private static final VectorSpecies<Float> F = Simd.LANES == 16 ? FloatVector.SPECIES_256 : Simd.F;
    private static final VectorSpecies<Integer> I = Simd.LANES == 16 ? IntVector.SPECIES_256 : Simd.I;
    private static final int LANES = F.length();
    /// Lanes that 32 bytes have, and sums of either half.
    private static final int HALF = 8;
    private static final VectorMask<Integer> SECOND_FOUR = IntVector.zero(I).addIndex(1).compare(VectorOperators.GE, 4);
    private static final VectorMask<Float> SECOND_FOUR_FLOATS = SECOND_FOUR.cast(F);

    /// What an element of `x` is multiplied by if its code stands in byte 0, 1, 2 or 3 of an integer.
    private static final float[] SHARES = {1, 0x1p-8f, 0x1p-16f, 0x1p-24f};

    // Where lane `l` finds six-bit number `l` of a block of Q4_K or Q5_K, of eight: in one integer of the 12 bytes, and
    // in the last, both shifted right and masked.
    private static final int[] FIRST_SHIFT = {0, 8, 16, 24, 2, 10, 18, 26};
    private static final int[] FIRST_MASK = {63, 63, 63, 63, 48, 48, 48, 48};
    private static final int[] LAST_SHIFT = {0, 0, 0, 0, 0, 8, 16, 24};
    private static final int[] LAST_MASK = {0, 0, 0, 0, 15, 15, 15, 15};

    /// Elements of Q4_0 that are multiplied together: those of two blocks.
    private static final int PAIR = 64;
    /// Floats of `x` for a pair: its elements, and what the subtraction of 8 from each code adds to each lane.
    private static final int PAIR_FLOATS = PAIR + HALF;

    private GemvBlocks() {}

    /// Elements of a row that [#fourRows] multiplies.
    static int streamed(DType dtype, int k) {
        return dtype == DType.Q4_0 ? k - k % PAIR : k;
    }

    /// The vector as rows of this type want it.
    static float[] likeRows(DType dtype, float[] x, int k, ThreadBuffers buffers, int slot) {
        if (dtype == DType.Q4_0) {
            return likePairs(x, k / PAIR, buffers.floats(slot, k / PAIR * PAIR_FLOATS));
        }
        boolean isShort = dtype == DType.Q6_K;
        int run = isShort ? KBlock.SMALL_GROUP : KBlock.GROUP;
        float[] laid = buffers.floats(slot, k + k / run);
        for (int from = 0; from < k; from += 32) {
            for (int lane = 0; lane < HALF; lane++) {
                for (int b = 0; b < SHARES.length; b++) {
                    laid[from + HALF * b + lane] = x[from + 4 * lane + b] * SHARES[b];
                }
            }
        }
        // A code of Q6_K stands for 32 less, which is a minimum of 32 scales.
        float factor = isShort ? -32 : -1;
        for (int r = 0; r < k / run; r++) {
            float sum = 0;
            for (int i = r * run; i < (r + 1) * run; i++) {
                sum += x[i];
            }
            laid[k + r] = factor * sum;
        }
        return laid;
    }

    /// The codes of two blocks of Q4_0 are 32 bytes: lanes 0 to 3 have those of the first block.
    private static float[] likePairs(float[] x, int pairs, float[] laid) {
        for (int pair = 0; pair < pairs; pair++) {
            int to = pair * PAIR_FLOATS;
            for (int lane = 0; lane < HALF; lane++) {
                int from = pair * PAIR + lane / 4 * 32 + lane % 4 * 4;
                float sum = 0;
                for (int b = 0; b < SHARES.length; b++) {
                    laid[to + HALF * b + lane] = x[from + b] * SHARES[b];
                    laid[to + 32 + HALF * b + lane] = x[from + 16 + b] * SHARES[b];
                    sum += x[from + b] + x[from + 16 + b];
                }
                laid[to + PAIR + lane] = -8 * sum;
            }
        }
        return laid;
    }

    /// As [GemvStreams#fourRows].
    ///
    /// @param scales working memory, one for 16 elements of a row
    static void fourRows(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        MemorySegment w = many.data();
        DType dtype = many.dtype();
        for (int r = 0; r < starts.length; r++) {
            long row = dtype.bytes(starts[r]);
            int so = r * Simd.SUM_LANES;
            scales(dtype, x, w, row, k, scales, sums, so);
            for (int lane = 0; lane < HALF; lane += LANES) {
                switch (dtype) {
                    case Q4_0 -> q40(x, w, row, lane, k / PAIR, sums, so + lane);
                    case Q4_K -> q4K(x, w, row, lane, k / 64, scales, sums, so + lane);
                    case Q5_K -> q5K(x, w, row, lane, k / 64, scales, sums, so + lane);
                    default -> {
                        q6K(x, w, row, lane, 0, k / 128, scales, sums, so + lane);
                        q6K(x, w, row, lane, 1, k / 128, scales, sums, so + lane + HALF);
                    }
                }
            }
        }
    }

    /// The scales of a row, and in its sum's lanes what its minima contribute.
    private static void scales(DType dtype, float[] x, MemorySegment w, long row, int k, float[] scales, float[] sums,
            int so) {
        switch (dtype) {
            case Q4_0 -> Arrays.fill(sums, so, so + Simd.SUM_LANES, 0);
            case Q4_K -> {
                for (int lane = 0; lane < HALF; lane += LANES) {
                    scalesK(x, w, row, KBlock.Q4_BYTES, k, lane, scales, sums, so + lane);
                }
            }
            case Q5_K -> {
                for (int lane = 0; lane < HALF; lane += LANES) {
                    scalesK(x, w, row, KBlock.Q5_BYTES, k, lane, scales, sums, so + lane);
                }
            }
            default -> scales6(x, w, row, k, scales, sums, so);
        }
    }

    // In the loops below, steps that differ in the byte are a loop, which the compiler unrolls: written out, they were
    // more than it inlines, and so were two rows in one loop.

    private static void q40(float[] x, MemorySegment w, long row, int lane, int pairs, float[] sums, int so) {
        FloatVector sum = FloatVector.zero(F);
        for (int p = 0; p < pairs; p++) {
            long a = row + p * 2 * Q4Block.BYTES;
            int i = p * PAIR_FLOATS + lane;
            IntVector codes = ofPair(w, a, lane);
            FloatVector product = products(codes, 15, x, i, at(x, i + PAIR));
            product = products(codes.lanewise(VectorOperators.LSHR, 4), 15, x, i + 32, product);
            sum = product.fma(scaleOfPair(w, a, lane), sum);
        }
        sum.intoArray(sums, so);
    }

    /// Codes of both blocks; of one of them where a vector has four lanes.
    private static IntVector ofPair(MemorySegment w, long a, int lane) {
        long codes = a + Q4Block.FIRST;
        return LANES == 4
                ? ints(w, codes + lane / 4 * Q4Block.BYTES)
                // The second load begins in the first block, for its upper half is what is wanted.
                : ints(w, codes).blend(ints(w, codes + Q4Block.BYTES - 16), SECOND_FOUR);
    }

    private static FloatVector scaleOfPair(MemorySegment w, long a, int lane) {
        return LANES == 4
                ? f16(w, a + lane / 4 * Q4Block.BYTES)
                : f16(w, a).blend(f16(w, a + Q4Block.BYTES), SECOND_FOUR_FLOATS);
    }

    private static FloatVector f16(MemorySegment w, long at) {
        return FloatVector.broadcast(F, Float16Table.VALUES[w.get(Tensor.I16, at) & 0xffff]);
    }

    /// Groups of 64 elements: the lower and the upper halves of 32 bytes.
    private static void q4K(float[] x, MemorySegment w, long row, int lane, int groups, float[] scales, float[] sums,
            int so) {
        FloatVector low = at(sums, so);
        FloatVector high = at(sums, so + HALF);
        long first = row + KBlock.Q4_CODES + 4 * lane;
        for (int g = 0; g < groups; g++) {
            IntVector pairs = ints(w, first + (32 * g + (g >> 2) * (KBlock.Q4_BYTES - 128)));
            int i = g * 64 + lane;
            low = products(pairs, 15, x, i).fma(FloatVector.broadcast(F, scales[2 * g]), low);
            high = products(pairs.lanewise(VectorOperators.LSHR, 4), 15, x, i + 32)
                    .fma(FloatVector.broadcast(F, scales[2 * g + 1]), high);
        }
        low.intoArray(sums, so);
        high.intoArray(sums, so + HALF);
    }

    private static void q5K(float[] x, MemorySegment w, long row, int lane, int groups, float[] scales, float[] sums,
            int so) {
        FloatVector low = at(sums, so);
        FloatVector high = at(sums, so + HALF);
        long first = row + 4 * lane;
        for (int g = 0; g < groups; g++) {
            IntVector pairs = ints(w, first + KBlock.Q5_CODES + (32 * g + (g >> 2) * (KBlock.Q5_BYTES - 128)));
            IntVector fifth = ints(w, first + KBlock.Q5_HIGH + (g >> 2) * KBlock.Q5_BYTES)
                    .lanewise(VectorOperators.LSHR, (g & 3) * 2);
            int i = g * 64 + lane;
            IntVector lower = pairs.and(0x0f0f0f0f).or(fifth.lanewise(VectorOperators.LSHL, 4).and(0x10101010));
            low = products(lower, 31, x, i).fma(FloatVector.broadcast(F, scales[2 * g]), low);
            IntVector upper = pairs.lanewise(VectorOperators.LSHR, 4)
                    .and(0x0f0f0f0f)
                    .or(fifth.lanewise(VectorOperators.LSHL, 3).and(0x10101010));
            high = products(upper, 31, x, i + 32).fma(FloatVector.broadcast(F, scales[2 * g + 1]), high);
        }
        low.intoArray(sums, so);
        high.intoArray(sums, so + HALF);
    }

    /// Groups of 128 elements: the lower halves of 64 bytes, then the upper ones. Of these the first 32 bytes, or the
    /// second: they have sums of their own.
    private static void q6K(float[] x, MemorySegment w, long row, int lane, int second, int groups, float[] scales,
            float[] sums, int so) {
        FloatVector sum = at(sums, so);
        long first = row + 4 * lane;
        for (int g = 0; g < groups; g++) {
            IntVector pairs = ints(w, first + second * 32 + (64 * g + (g >> 1) * (KBlock.Q6_BYTES - 128)));
            IntVector top = ints(w, first + KBlock.Q6_HIGH + (32 * g + (g >> 1) * (KBlock.Q6_BYTES - 64)))
                    .lanewise(VectorOperators.LSHR, 2 * second);
            int i = g * 128 + second * 32 + lane;
            int s = g * 8 + second * 2 + lane / 4;
            IntVector lower = pairs.and(0x0f0f0f0f).or(top.lanewise(VectorOperators.LSHL, 4).and(0x30303030));
            sum = products(lower, 63, x, i).fma(twoScales(scales, s), sum);
            IntVector upper = pairs.lanewise(VectorOperators.LSHR, 4).and(0x0f0f0f0f).or(top.and(0x30303030));
            sum = products(upper, 63, x, i + 64).fma(twoScales(scales, s + 4), sum);
        }
        sum.intoArray(sums, so);
    }

    private static FloatVector twoScales(float[] scales, int s) {
        FloatVector scale = FloatVector.broadcast(F, scales[s]);
        return LANES == 4 ? scale : scale.blend(scales[s + 1], SECOND_FOUR_FLOATS);
    }

    /// The products of four bytes' codes in each lane with elements of `x`, `HALF` apart.
    private static FloatVector products(IntVector bytes, int mask, float[] x, int i) {
        return rest(bytes, mask, x, i, floats(bytes.and(mask)).mul(at(x, i)));
    }

    private static FloatVector products(IntVector bytes, int mask, float[] x, int i, FloatVector sum) {
        return rest(bytes, mask, x, i, floats(bytes.and(mask)).fma(at(x, i), sum));
    }

    private static FloatVector rest(IntVector bytes, int mask, float[] x, int i, FloatVector sum) {
        for (int b = 1; b < 4; b++) {
            sum = floats(bytes.and(mask << 8 * b)).fma(at(x, i + HALF * b), sum);
        }
        return sum;
    }

    private static void scalesK(float[] x, MemorySegment w, long row, int bytes, int k, int lane, float[] scales,
            float[] sums, int so) {
        IntVector firstShift = IntVector.fromArray(I, FIRST_SHIFT, lane);
        IntVector firstMask = IntVector.fromArray(I, FIRST_MASK, lane);
        IntVector lastShift = IntVector.fromArray(I, LAST_SHIFT, lane);
        IntVector lastMask = IntVector.fromArray(I, LAST_MASK, lane);
        FloatVector sum = FloatVector.zero(F);
        for (int b = 0; b < k / KBlock.ELEMENTS; b++) {
            long block = row + b * bytes;
            IntVector last = IntVector.broadcast(I, w.get(Tensor.I32, block + KBlock.SCALES + 8))
                    .lanewise(VectorOperators.LSHR, lastShift);
            IntVector scale = IntVector.broadcast(I, w.get(Tensor.I32, block + KBlock.SCALES))
                    .lanewise(VectorOperators.LSHR, firstShift)
                    .and(firstMask)
                    .or(last.and(lastMask));
            floats(scale).mul(f16(w, block)).intoArray(scales, 8 * b + lane);
            IntVector min = IntVector.broadcast(I, w.get(Tensor.I32, block + KBlock.SCALES + 4))
                    .lanewise(VectorOperators.LSHR, firstShift)
                    .and(firstMask)
                    .or(last.lanewise(VectorOperators.LSHR, 4).and(lastMask));
            sum = floats(min).mul(f16(w, block + KBlock.MINIMUM)).fma(at(x, k + 8 * b + lane), sum);
        }
        sum.intoArray(sums, so);
        FloatVector.zero(F).intoArray(sums, so + HALF);
    }

    /// What the subtraction of 32 from each code contributes is as what a minimum does.
    private static void scales6(float[] x, MemorySegment w, long row, int k, float[] scales, float[] sums, int so) {
        for (int lane = 0; lane < Simd.SUM_LANES; lane += Simd.LANES) {
            FloatVector sum = FloatVector.zero(Simd.F);
            for (int b = 0; b < k / KBlock.ELEMENTS; b++) {
                long block = row + b * KBlock.Q6_BYTES;
                FloatVector scale = Simd.q8(w, block + KBlock.Q6_SCALES + lane)
                        .mul(Simd.q8Scale(w, block + KBlock.Q6_FACTOR));
                scale.intoArray(scales, 16 * b + lane);
                sum = scale.fma(FloatVector.fromArray(Simd.F, x, k + 16 * b + lane), sum);
            }
            sum.intoArray(sums, so + lane);
        }
    }

    private static IntVector ints(MemorySegment w, long offsetBytes) {
        return IntVector.fromMemorySegment(I, w, offsetBytes, Simd.LE);
    }

    private static FloatVector floats(IntVector codes) {
        return (FloatVector) codes.convert(VectorOperators.I2F, 0);
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(F, x, index);
    }
}

package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
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
/// One variable counts bytes of the row, floats of `x` and scales, as in [GemvStreams]: `x` has two floats and the
/// scales one for every byte of a block, with gaps after what is used of them.
///
/// Vectors have at most eight lanes: wider ones would span runs of different scales. Sums have 16 lanes all the same:
/// eight of the lower halves of bytes, and eight of the upper ones.
final class GemvBlocks {
    static final VectorSpecies<Float> F = Simd.LANES == 16 ? FloatVector.SPECIES_256 : Simd.F;
    static final VectorSpecies<Integer> I = Simd.LANES == 16 ? IntVector.SPECIES_256 : Simd.I;
    static final int LANES = F.length();
    /// Lanes that 32 bytes have, and sums of either half.
    static final int HALF = 8;
    private static final VectorMask<Integer> SECOND_FOUR = IntVector.zero(I).addIndex(1).compare(VectorOperators.GE, 4);
    static final VectorMask<Float> SECOND_FOUR_FLOATS = SECOND_FOUR.cast(F);

    /// What an element of `x` is multiplied by if its code stands in byte 0, 1, 2 or 3 of an integer.
    private static final float[] SHARES = {1, 0x1p-8f, 0x1p-16f, 0x1p-24f};

    /// Two blocks of Q4_0, which are multiplied together.
    private static final int PAIR = 2 * Q4Block.ELEMENTS;
    private static final int PAIR_BYTES = 2 * Q4Block.BYTES;

    private static final MethodHandle[] SCALES = loops(GemvBlocks.class, "noScales", GemvScales.class);
    private static final MethodHandle[] CODES = loops(GemvBlocks.class, "q40", GemvKBlocks.class);

    private GemvBlocks() {}

    /// For Q4_0 the method of this class and name, for k-quants those of `others`.
    private static MethodHandle[] loops(Class<?> q40, String name, Class<?> others) {
        MethodHandle[] loops = ApartLoops.none();
        put(loops, DType.Q4_0, q40, name);
        put(loops, DType.Q4_K, others, "q4K");
        put(loops, DType.Q5_K, others, "q5K");
        put(loops, DType.Q6_K, others, "q6K");
        return loops;
    }

    private static void put(MethodHandle[] loops, DType dtype, Class<?> holder, String name) {
        ApartLoops.put(loops, dtype, holder, name, float[].class, MemorySegment.class, long.class, int.class,
                float[].class, float[].class, int.class);
    }

    /// Elements of a row that [#fourRows] multiplies.
    static int streamed(DType dtype, int k) {
        return dtype == DType.Q4_0 ? k - k % PAIR : k;
    }

    /// Floats that the scales of a row take.
    static int scales(DType dtype, int k) {
        return Math.toIntExact(dtype.bytes(streamed(dtype, k)));
    }

    /// The vector as rows of this type want it.
    static float[] likeRows(DType dtype, float[] x, int k, ThreadBuffers buffers, int slot) {
        float[] laid = buffers.floats(slot, 2 * scales(dtype, k));
        if (dtype == DType.Q4_0) {
            likePairs(x, k / PAIR, laid);
        } else if (dtype == DType.Q6_K) {
            // A code stands for 32 less, which is a minimum of 32 scales.
            likeBlocks(x, k, 2 * dtype.blockBytes, KBlock.SMALL_GROUP, -32, laid);
        } else {
            likeBlocks(x, k, 2 * dtype.blockBytes, KBlock.GROUP, -1, laid);
        }
        return laid;
    }

    /// Every block's elements, then the sums of those that share a minimum, times `factor`.
    private static void likeBlocks(float[] x, int k, int stride, int group, float factor, float[] laid) {
        for (int block = 0, to = 0; block < k; block += KBlock.ELEMENTS, to += stride) {
            for (int i = 0; i < KBlock.ELEMENTS; i += 32) {
                for (int lane = 0; lane < HALF; lane++) {
                    for (int b = 0; b < SHARES.length; b++) {
                        laid[to + i + HALF * b + lane] = x[block + i + 4 * lane + b] * SHARES[b];
                    }
                }
            }
            for (int i = 0; i < KBlock.ELEMENTS; i += group) {
                float sum = 0;
                for (int j = i; j < i + group; j++) {
                    sum += x[block + j];
                }
                laid[to + KBlock.ELEMENTS + i / group] = factor * sum;
            }
        }
    }

    /// The codes of two blocks of Q4_0 are 32 bytes: lanes 0 to 3 have those of the first block. After the pair's
    /// elements comes what the subtraction of 8 from each code adds to each lane.
    private static void likePairs(float[] x, int pairs, float[] laid) {
        for (int pair = 0; pair < pairs; pair++) {
            int to = pair * 2 * PAIR_BYTES;
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
    }

    /// As [GemvStreams#fourRows].
    ///
    /// @param scales working memory, as much as [#scales] says
    static void fourRows(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        MemorySegment w = many.data();
        DType dtype = many.dtype();
        int bytes = scales(dtype, k);
        for (int r = 0; r < starts.length; r++) {
            long row = dtype.bytes(starts[r]);
            int so = r * Simd.SUM_LANES;
            run(SCALES[dtype.ordinal()], x, w, row, bytes, scales, sums, so);
            run(CODES[dtype.ordinal()], x, w, row, bytes, scales, sums, so);
        }
    }

    private static void run(MethodHandle loop, float[] x, MemorySegment w, long row, int bytes, float[] scales,
            float[] sums, int so) {
        try {
            loop.invokeExact(x, w, row, bytes, scales, sums, so);
        } catch (Throwable e) {
            throw ApartLoops.thrown(e);
        }
    }

    static void noScales(float[] x, MemorySegment w, long row, int bytes, float[] scales, float[] sums, int so) {
        Arrays.fill(sums, so, so + Simd.SUM_LANES, 0);
    }

    static void q40(float[] x, MemorySegment w, long row, int bytes, float[] scales, float[] sums, int so) {
        for (int lane = 0; lane < HALF; lane += LANES) {
            q40(x, w, row, lane, bytes, sums, so + lane);
        }
    }

    private static void q40(float[] x, MemorySegment w, long row, int lane, int bytes, float[] sums, int so) {
        FloatVector sum = FloatVector.zero(F);
        for (int i = 0; i <= bytes - PAIR_BYTES; i += PAIR_BYTES) {
            IntVector codes = ofPair(w, row + i, lane);
            FloatVector product = products(codes, 15, x, 2 * i + lane, at(x, 2 * i + PAIR + lane));
            product = products(codes.lanewise(VectorOperators.LSHR, 4), 15, x, 2 * i + 32 + lane, product);
            sum = product.fma(scaleOfPair(w, row + i, lane), sum);
        }
        sum.intoArray(sums, so);
    }

    /// Adds the products of four bytes' codes in each lane with elements of `x`, `HALF` apart.
    ///
    /// Loops of two, one in the other, count once for what the compiler takes in, and are unrolled afterwards as loops of
    /// up to three steps always are. Written out, they would be more than it inlines.
    static FloatVector products(IntVector bytes, int mask, float[] x, int i, FloatVector sum) {
        for (int two = 0; two < 2; two++) {
            for (int one = 0; one < 2; one++) {
                int b = 2 * two + one;
                sum = floats(bytes.and(mask << 8 * b)).fma(at(x, i + HALF * b), sum);
            }
        }
        return sum;
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

    static FloatVector f16(MemorySegment w, long at) {
        return FloatVector.broadcast(F, Float16Table.VALUES[w.get(Tensor.I16, at) & 0xffff]);
    }

    static IntVector ints(MemorySegment w, long offsetBytes) {
        return IntVector.fromMemorySegment(I, w, offsetBytes, Simd.LE);
    }

    static FloatVector floats(IntVector codes) {
        return (FloatVector) codes.convert(VectorOperators.I2F, 0);
    }

    static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(F, x, index);
    }
}

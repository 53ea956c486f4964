package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.DType;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Q4Block;
import llams.engine.tensor.Tensor;

/// The inner loops of [GemvKernel] where one vector meets a matrix in blocks of four to six bits an element
/// ([Q4Block], [KBlock]).
///
/// A vector of integers has the codes of four bytes in each of its lanes. They are not moved to the lane's bottom: a mask
/// leaves a code where it is, a multiple of a power of two, and the element of `x` that it meets has been divided by that
/// power beforehand, which is exact. So an element costs a mask, a conversion and a product. What belongs to one lane of a
/// run is summed before it meets the run's scale. Minima meet the sums of the elements of `x` that share them, once for
/// all rows.
///
/// One variable counts bytes of the row, floats of `x` and scales, as in [GemvStreams]: the scales, and `x` for the first
/// halves of all k-quants' blocks and then for the second, have one float for every byte, with gaps after what is used.
///
/// All vectors are of the one species of [Simd]: a second one beside it would spoil what the compiler knows of every other
/// loop.
final class GemvBlocks {
    private static final int LANES = Simd.LANES;
    /// Lanes that 32 bytes have.
    static final int HALF = 8;
    private static final int SUM_LANES = Simd.SUM_LANES;
    /// The lanes from 4, 8 and 12 on, each four of which have the codes of one block of Q4_0.
    private static final VectorMask<Integer> FROM_4 = from(4);
    private static final VectorMask<Integer> FROM_8 = from(8);
    private static final VectorMask<Integer> FROM_12 = from(12);
    private static final VectorMask<Float> FLOATS_FROM_4 = FROM_4.cast(Simd.F);
    private static final VectorMask<Float> FLOATS_FROM_8 = FROM_8.cast(Simd.F);
    private static final VectorMask<Float> FLOATS_FROM_12 = FROM_12.cast(Simd.F);

    /// What an element of `x` is multiplied by if its code stands in byte 0, 1, 2 or 3 of an integer.
    private static final float[] SHARES = {1, 0x1p-8f, 0x1p-16f, 0x1p-24f};

    /// Elements of a k-quant's half block, which are 64 bytes of lower bits.
    static final int HALF_BLOCK = KBlock.ELEMENTS / 2;
    /// Blocks of a row whose halves are multiplied one after the other: few, for the second half's bytes come from the
    /// first-level cache, and the memory is idle meanwhile.
    private static final int PIECE = 8;

    /// Four blocks of Q4_0, whose 64 bytes of codes are 16 lanes.
    private static final int FOUR = 4 * Q4Block.ELEMENTS;
    private static final int FOUR_BYTES = 4 * Q4Block.BYTES;

    private static final MethodHandle[] SCALES = loops(GemvScales.class, float[].class, MemorySegment.class, long.class,
            int.class, float[].class, int.class, float[].class, int.class);
    private static final MethodHandle[] CODES = loops(GemvKBlocks.class, float[].class, int.class, MemorySegment.class,
            long.class, long.class, int.class, int.class, int.class, int.class, float[].class, int.class, float[].class,
            int.class);

    private GemvBlocks() {}

    private static VectorMask<Integer> from(int lane) {
        return IntVector.zero(Simd.I).addIndex(1).compare(VectorOperators.GE, lane);
    }

    private static MethodHandle[] loops(Class<?> holder, Class<?>... parameters) {
        MethodHandle[] loops = ApartLoops.none();
        ApartLoops.put(loops, DType.Q4_K, holder, "q4K", parameters);
        ApartLoops.put(loops, DType.Q5_K, holder, "q5K", parameters);
        ApartLoops.put(loops, DType.Q6_K, holder, "q6K", parameters);
        return loops;
    }

    /// Elements of a row that [#fourRows] multiplies.
    static int streamed(DType dtype, int k) {
        return dtype == DType.Q4_0 ? k - k % FOUR : k;
    }

    /// Floats that the scales of a row take.
    static int scales(DType dtype, int k) {
        return Math.toIntExact(dtype.bytes(streamed(dtype, k)));
    }

    /// The vector as rows of this type want it.
    static float[] likeRows(DType dtype, float[] x, int k, ThreadBuffers buffers, int slot) {
        float[] laid = buffers.floats(slot, 2 * scales(dtype, k));
        if (dtype == DType.Q4_0) {
            likeFours(x, k / FOUR, laid);
        } else if (dtype == DType.Q6_K) {
            // A code stands for 32 less, which is a minimum of 32 scales.
            likeBlocks(x, k, dtype, KBlock.SMALL_GROUP, -32, laid);
        } else {
            likeBlocks(x, k, dtype, KBlock.GROUP, -1, laid);
        }
        return laid;
    }

    /// Every block's elements, then the sums of those that share a minimum, times `factor`.
    private static void likeBlocks(float[] x, int k, DType dtype, int group, float factor, float[] laid) {
        int halves = Math.toIntExact(dtype.bytes(k));
        // From what lower halves of bytes stand for to what upper ones do, and from 32 bytes to the next.
        int upper = dtype == DType.Q6_K ? 64 : 32;
        int next = dtype == DType.Q6_K ? 32 : 64;
        for (int block = 0, to = 0; block < k; block += KBlock.ELEMENTS, to += dtype.blockBytes) {
            for (int half = 0; half < 2; half++) {
                for (int n = 0; n < 2; n++) {
                    for (int b = 0; b < SHARES.length; b++) {
                        int at = half * halves + to + 64 * n + SUM_LANES * b;
                        int from = block + HALF_BLOCK * half + upper * n + b;
                        for (int lane = 0; lane < HALF; lane++) {
                            laid[at + lane] = x[from + 4 * lane] * SHARES[b];
                            laid[at + lane + HALF] = x[from + next + 4 * lane] * SHARES[b];
                        }
                    }
                }
            }
            for (int i = 0; i < KBlock.ELEMENTS; i += group) {
                float sum = 0;
                for (int j = i; j < i + group; j++) {
                    sum += x[block + j];
                }
                laid[to + HALF_BLOCK + i / group] = factor * sum;
            }
            // Of 16 lanes, eight have no minimum.
            Arrays.fill(laid, to + HALF_BLOCK + KBlock.ELEMENTS / group, to + HALF_BLOCK + SUM_LANES, 0);
        }
    }

    /// After the elements of four blocks of Q4_0 comes what the subtraction of 8 from each code adds to each lane.
    private static void likeFours(float[] x, int fours, float[] laid) {
        for (int four = 0; four < fours; four++) {
            int to = four * 2 * FOUR_BYTES;
            for (int lane = 0; lane < SUM_LANES; lane++) {
                int from = four * FOUR + lane / 4 * Q4Block.ELEMENTS + lane % 4 * 4;
                float sum = 0;
                for (int b = 0; b < SHARES.length; b++) {
                    laid[to + SUM_LANES * b + lane] = x[from + b] * SHARES[b];
                    laid[to + FOUR / 2 + SUM_LANES * b + lane] = x[from + 16 + b] * SHARES[b];
                    sum += x[from + b] + x[from + 16 + b];
                }
                laid[to + FOUR + lane] = -8 * sum;
            }
        }
    }

    /// K-quants as [GemvStreams#fourRows] has it: two rows at a time, first their scales and what their minima contribute.
    ///
    /// @param scales working memory, twice as much as [#scales] says
    static void kRows(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        MemorySegment w = many.data();
        DType dtype = many.dtype();
        MethodHandle widenScales = SCALES[dtype.ordinal()];
        MethodHandle multiplyCodes = CODES[dtype.ordinal()];
        int bytes = scales(dtype, k);
        int piece = PIECE * dtype.blockBytes;
        for (int r = 0; r < starts.length; r += 2) {
            long row = dtype.bytes(starts[r]);
            long other = dtype.bytes(starts[r + 1]);
            int so = r * SUM_LANES;
            try {
                widenScales.invokeExact(x, w, row, bytes, scales, 0, sums, so);
                widenScales.invokeExact(x, w, other, bytes, scales, bytes, sums, so + SUM_LANES);
                for (int from = 0; from < bytes; from += piece) {
                    int to = Math.min(bytes, from + piece);
                    for (int half = 0; half < 2; half++) {
                        for (int lane = 0; lane < SUM_LANES; lane += Simd.LANES) {
                            multiplyCodes.invokeExact(x, half * bytes + lane, w, row, other, half, lane, from, to,
                                    scales, bytes, sums, so + lane);
                        }
                    }
                }
            } catch (Throwable e) {
                throw ApartLoops.thrown(e);
            }
        }
    }

    /// Q4_0 as [GemvStreams#fourRows] has it.
    static void q40(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        int bytes = scales(DType.Q4_0, k);
        for (int r = 0; r < starts.length; r++) {
            for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                q40(x, many.data(), DType.Q4_0.bytes(starts[r]) + lane / 4 * Q4Block.BYTES, lane, bytes, sums,
                        r * SUM_LANES + lane);
            }
        }
    }

    private static void q40(float[] x, MemorySegment w, long row, int lane, int bytes, float[] sums, int so) {
        FloatVector sum = FloatVector.zero(Simd.F);
        for (int i = 0; i <= bytes - FOUR_BYTES; i += FOUR_BYTES) {
            IntVector codes = codes(w, row + i + Q4Block.FIRST);
            FloatVector product = products(codes, x, 2 * i + lane, at(x, 2 * i + FOUR + lane));
            product = products(codes.lanewise(VectorOperators.LSHR, 4), x, 2 * i + FOUR / 2 + lane, product);
            sum = product.fma(scales(w, row + i), sum);
        }
        sum.intoArray(sums, so);
    }

    /// Adds the products of four bytes' codes in each lane with elements of `x`.
    ///
    /// Loops of two, one in the other, count once for what the compiler takes in, and are unrolled afterwards as loops of
    /// up to three steps always are. Written out, they would be more than it inlines.
    private static FloatVector products(IntVector bytes, float[] x, int i, FloatVector sum) {
        for (int two = 0; two < 2; two++) {
            for (int one = 0; one < 2; one++) {
                int b = 2 * two + one;
                sum = floats(bytes.and(15 << 8 * b)).fma(at(x, i + SUM_LANES * b), sum);
            }
        }
        return sum;
    }

    /// Codes of as many blocks as a vector has fours of lanes. Each load after the first begins in an earlier block, for
    /// only the lanes from its own block's on are wanted.
    private static IntVector codes(MemorySegment w, long first) {
        IntVector codes = ints(w, first);
        if (LANES >= 8) {
            codes = codes.blend(ints(w, first + Q4Block.FIRST), FROM_4);
        }
        if (LANES == 16) {
            codes = codes.blend(ints(w, first + 2 * Q4Block.FIRST), FROM_8);
            codes = codes.blend(ints(w, first + 3 * Q4Block.FIRST), FROM_12);
        }
        return codes;
    }

    private static FloatVector scales(MemorySegment w, long block) {
        FloatVector scales = Simd.q8Scale(w, block);
        if (LANES >= 8) {
            scales = scales.blend(Simd.q8Scale(w, block + Q4Block.BYTES), FLOATS_FROM_4);
        }
        if (LANES == 16) {
            scales = scales.blend(Simd.q8Scale(w, block + 2 * Q4Block.BYTES), FLOATS_FROM_8);
            scales = scales.blend(Simd.q8Scale(w, block + 3 * Q4Block.BYTES), FLOATS_FROM_12);
        }
        return scales;
    }

    static IntVector ints(MemorySegment w, long offsetBytes) {
        return IntVector.fromMemorySegment(Simd.I, w, offsetBytes, Simd.LE);
    }

    static FloatVector floats(IntVector codes) {
        return (FloatVector) codes.convert(VectorOperators.I2F, 0);
    }

    static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }
}

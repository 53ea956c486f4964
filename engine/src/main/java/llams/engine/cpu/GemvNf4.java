package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Tensor;

/// The inner loops of [GemvKernel] where one vector meets a matrix in [Nf4].
///
/// The codes of two blocks are 16 integers of eight codes each. Code `t` of all of them is looked up at once, and meets 16
/// elements of `x` that have been brought together beforehand: `x` is laid out as `[2, pairs, 4, 16]`, so that one variable
/// counts bytes of the row and floats of either half of `x`, as in [GemvStreams].
final class GemvNf4 {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;
    private static final int BLOCK_BYTES = Nf4.BLOCK / 2;
    private static final int PAIR_BYTES = 2 * BLOCK_BYTES;
    /// Lanes of a block.
    private static final int BLOCK_LANES = SUM_LANES / 2;
    /// Codes of an integer.
    private static final int CODES = 8;
    private static final VectorMask<Float> SECOND_BLOCK = IntVector.zero(Simd.I)
            .addIndex(1)
            .compare(VectorOperators.GE, BLOCK_LANES)
            .cast(Simd.F);

    private GemvNf4() {}

    /// Elements of a row that [#rows] multiplies: none unless the row is two whole blocks or more.
    static int streamed(int k) {
        return k % Nf4.BLOCK != 0 || k < 2 * Nf4.BLOCK ? 0 : k;
    }

    /// Floats of working memory that [#rows] needs.
    static int scales(int k) {
        return k / Nf4.BLOCK;
    }

    private static int pairs(int k) {
        return Math.ceilDiv(streamed(k), 2 * Nf4.BLOCK);
    }

    /// The vector as rows want it. The last of an odd number of blocks has the one before it beside it, which meets zeros.
    static float[] likeRows(float[] x, int k, ThreadBuffers buffers, int slot) {
        int half = pairs(k) * PAIR_BYTES;
        float[] laid = buffers.floats(slot, 2 * half);
        int last = streamed(k) - 2 * Nf4.BLOCK;
        for (int pair = 0; pair < pairs(k); pair++) {
            int element = 2 * Nf4.BLOCK * pair;
            int from = Math.min(element, last);
            for (int t = 0; t < CODES; t++) {
                int to = t / 4 * half + PAIR_BYTES * pair + t % 4 * SUM_LANES;
                for (int lane = 0; lane < SUM_LANES; lane++) {
                    // The first of a byte's two codes is its upper half.
                    int i = from + CODES * lane + (t ^ 1);
                    laid[to + lane] = i < element ? 0 : x[i];
                }
            }
        }
        return laid;
    }

    /// As [GemvStreams#fourRows] has it.
    static void rows(float[] x, Tensor many, long[] starts, int k, float[] sums, float[] scales) {
        int blocks = streamed(k) / Nf4.BLOCK;
        int half = pairs(k) * PAIR_BYTES;
        int whole = blocks / 2 * PAIR_BYTES;
        for (int row = 0; row < starts.length; row++) {
            scales(many, starts[row] / Nf4.BLOCK, blocks, scales);
            for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                long codes = starts[row] / 2 + Integer.BYTES * lane;
                int so = row * SUM_LANES + lane;
                FloatVector.zero(Simd.F).intoArray(sums, so);
                pairs(x, lane, half, many.data(), codes, lane, whole, scales, 0, sums, so);
                if (whole < half) {
                    pairs(x, whole + lane, half, many.data(), codes + whole - BLOCK_BYTES, lane, PAIR_BYTES, scales,
                            blocks - 2, sums, so);
                }
            }
        }
    }

    /// The scales of `blocks` blocks from `first` on.
    private static void scales(Tensor many, long first, int blocks, float[] scales) {
        MemorySegment w = many.data();
        long elements = many.elements();
        FloatVector mean = FloatVector.broadcast(Simd.F, w.get(Tensor.F32, Nf4.meanOffset(elements)));
        for (int done = 0; done < blocks;) {
            long block = first + done;
            int run = (int) Math.min(blocks - done, Nf4.GROUP - block % Nf4.GROUP);
            FloatVector factor = FloatVector.broadcast(Simd.F,
                    w.get(Tensor.F32, Nf4.factorsOffset(elements) + block / Nf4.GROUP * Float.BYTES));
            int i = 0;
            for (; i <= run - LANES; i += LANES) {
                Simd.q8(w, Nf4.scalesOffset(elements) + block + i).div(factor).add(mean).intoArray(scales, done + i);
            }
            for (; i < run; i++) {
                scales[done + i] = Nf4.scale(w, elements, block + i);
            }
            done += run;
        }
    }

    /// Adds the products of a row's pairs of blocks, `bytes` bytes, to the sums of `LANES` lanes from `lane` on.
    ///
    /// @param xo    where the elements of `x` begin that the first four codes meet, `half` before those for the other four
    /// @param scale the number of the first block's scale
    private static void pairs(float[] x, int xo, int half, MemorySegment w, long codes, int lane, int bytes,
            float[] scales, int scale, float[] sums, int so) {
        FloatVector sum = at(sums, so);
        for (int i = 0, j = scale; i <= bytes - PAIR_BYTES; i += PAIR_BYTES, j += 2) {
            IntVector eight = IntVector.fromMemorySegment(Simd.I, w, codes + i, Simd.LE);
            FloatVector product = FloatVector.zero(Simd.F);
            // Loops of two count once for what the compiler takes in, see GemvBlocks.
            for (int four = 0; four < 2; four++) {
                for (int two = 0; two < 2; two++) {
                    for (int one = 0; one < 2; one++) {
                        int t = 2 * two + one;
                        product = Simd.nf4(eight.lanewise(VectorOperators.LSHR, 4 * (4 * four + t)))
                                .fma(at(x, xo + four * half + i + t * SUM_LANES), product);
                    }
                }
            }
            sum = product.fma(scale(scales, j, lane), sum);
        }
        sum.intoArray(sums, so);
    }

    /// Each lane's scale, of two blocks.
    private static FloatVector scale(float[] scales, int first, int lane) {
        if (LANES < SUM_LANES) {
            return FloatVector.broadcast(Simd.F, scales[first + lane / BLOCK_LANES]);
        }
        return FloatVector.broadcast(Simd.F, scales[first]).blend(scales[first + 1], SECOND_BLOCK);
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }
}

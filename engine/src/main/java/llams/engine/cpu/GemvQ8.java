package llams.engine.cpu;

import java.util.Arrays;
import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;

/// The part of [GemvKernel] where several vectors meet a matrix of Q8_0. As for one vector, what of a block belongs to
/// one lane is summed before it meets the block's scale; so rows are widened without it, and it is kept beside them.
final class GemvQ8 {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;
    private static final int GROUP = GemvKernel.GROUP;
    private static final int PIECE = GemvKernel.PIECE;
    private static final int BLOCKS = PIECE / Q8Block.ELEMENTS;

    private GemvQ8() {}

    /// `GROUP` rows at a time are widened once and meet all vectors.
    static void severalVectors(float[] x, int padded, int count, GemvKernel.Product sum, int from, int to, int k,
            ThreadBuffers buffers) {
        float[] rows = buffers.floats(0, GROUP * PIECE);
        float[] sums = buffers.floats(1, GemvKernel.FEW * GROUP * SUM_LANES);
        float[] scales = buffers.floats(4, GROUP * BLOCKS);
        MemorySegment w = sum.many().data();
        for (int r = from; r < to; r += GROUP) {
            int height = Math.min(GROUP, to - r);
            Arrays.fill(scales, 0, GROUP * BLOCKS, 0);
            Arrays.fill(rows, height * PIECE, GROUP * PIECE, 0);
            Arrays.fill(sums, 0);
            for (int i = 0; i < k; i += PIECE) {
                int blocks = Math.min(PIECE, k - i) / Q8Block.ELEMENTS;
                for (int h = 0; h < height; h++) {
                    widen(w, DType.Q8_0.bytes((long) (r + h) * k + i), blocks, rows, h * PIECE, scales, h * BLOCKS);
                }
                for (int f = 0; f < padded; f += GROUP) {
                    for (int h = 0; h < height; h += 2) {
                        for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                            twoByFour(x, f * k + i + lane, k, rows, h * PIECE + lane, scales, h * BLOCKS, blocks, sums,
                                    (f * GROUP + h) * SUM_LANES + lane);
                        }
                    }
                }
            }
            for (int f = 0; f < count; f++) {
                for (int h = 0; h < height; h++) {
                    GemvKernel.put(sum, r + h, f, Simd.sum(sums, (f * GROUP + h) * SUM_LANES));
                }
            }
        }
    }

    /// Blocks as floats without their scales, and these.
    private static void widen(MemorySegment w, long offsetBytes, int blocks, float[] row, int at, float[] scales,
            int first) {
        for (int block = 0; block < blocks; block++, offsetBytes += Q8Block.BYTES) {
            scales[first + block] = Simd.q8Scale(w, offsetBytes).lane(0);
            for (int i = 0; i < Q8Block.ELEMENTS; i += LANES) {
                Simd.q8(w, offsetBytes + Q8Block.FIRST + i).intoArray(row, at + block * Q8Block.ELEMENTS + i);
            }
        }
    }

    /// One vector of lanes of the products of two rows and `GROUP` vectors.
    private static void twoByFour(float[] x, int xo, int k, float[] rows, int ro, float[] scales, int first, int blocks,
            float[] sums, int so) {
        FloatVector a0 = at(sums, so);
        FloatVector a1 = at(sums, so + 4 * SUM_LANES);
        FloatVector a2 = at(sums, so + 8 * SUM_LANES);
        FloatVector a3 = at(sums, so + 12 * SUM_LANES);
        FloatVector b0 = at(sums, so + SUM_LANES);
        FloatVector b1 = at(sums, so + 5 * SUM_LANES);
        FloatVector b2 = at(sums, so + 9 * SUM_LANES);
        FloatVector b3 = at(sums, so + 13 * SUM_LANES);
        for (int block = 0; block < blocks; block++) {
            int i = block * Q8Block.ELEMENTS;
            FloatVector a = at(rows, ro + i);
            FloatVector nextA = at(rows, ro + i + SUM_LANES);
            FloatVector scaleA = FloatVector.broadcast(Simd.F, scales[first + block]);
            FloatVector b = at(rows, ro + i + PIECE);
            FloatVector nextB = at(rows, ro + i + PIECE + SUM_LANES);
            FloatVector scaleB = FloatVector.broadcast(Simd.F, scales[first + block + BLOCKS]);
            FloatVector v = at(x, xo + i);
            FloatVector next = at(x, xo + i + SUM_LANES);
            a0 = nextA.fma(next, a.mul(v)).fma(scaleA, a0);
            b0 = nextB.fma(next, b.mul(v)).fma(scaleB, b0);
            v = at(x, xo + i + k);
            next = at(x, xo + i + k + SUM_LANES);
            a1 = nextA.fma(next, a.mul(v)).fma(scaleA, a1);
            b1 = nextB.fma(next, b.mul(v)).fma(scaleB, b1);
            v = at(x, xo + i + 2 * k);
            next = at(x, xo + i + 2 * k + SUM_LANES);
            a2 = nextA.fma(next, a.mul(v)).fma(scaleA, a2);
            b2 = nextB.fma(next, b.mul(v)).fma(scaleB, b2);
            v = at(x, xo + i + 3 * k);
            next = at(x, xo + i + 3 * k + SUM_LANES);
            a3 = nextA.fma(next, a.mul(v)).fma(scaleA, a3);
            b3 = nextB.fma(next, b.mul(v)).fma(scaleB, b3);
        }
        a0.intoArray(sums, so);
        a1.intoArray(sums, so + 4 * SUM_LANES);
        a2.intoArray(sums, so + 8 * SUM_LANES);
        a3.intoArray(sums, so + 12 * SUM_LANES);
        b0.intoArray(sums, so + SUM_LANES);
        b1.intoArray(sums, so + 5 * SUM_LANES);
        b2.intoArray(sums, so + 9 * SUM_LANES);
        b3.intoArray(sums, so + 13 * SUM_LANES);
    }

    private static FloatVector at(float[] values, int index) {
        return FloatVector.fromArray(Simd.F, values, index);
    }
}

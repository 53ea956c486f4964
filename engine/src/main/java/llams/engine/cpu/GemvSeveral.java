package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// The part of [GemvKernel] where several vectors meet a matrix. Rows are widened once, a piece at a time, and meet all
/// vectors; each product is summed as [GemvStreams] sums it for one vector alone.
///
/// Vectors lie side by side, sixteen steps of each: one after the other they would share few places of the first-level
/// cache, as their length is often a multiple of its own.
final class GemvSeveral {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;
    /// Vectors that are met at once, by `ROWS` rows: eight sums are in the making, as many as hide their latency.
    private static final int VECTORS = 4;
    private static final int ROWS = 2;
    /// Rows that are widened at once.
    private static final int GROUP = 4;
    /// Steps of one visit: `GROUP` rows and all vectors of it stay in the first-level cache.
    private static final int PIECE = 512;
    /// From row to row: more than a piece, so that rows do not share places of the cache.
    private static final int STRIDE = PIECE + 32;
    private static final int BLOCKS = PIECE / Q8Block.ELEMENTS;
    /// From sixteen steps of a vector to its next, and to those of the next block.
    private static final int NEXT = VECTORS * SUM_LANES;
    private static final int BLOCK = VECTORS * Q8Block.ELEMENTS;

    private GemvSeveral() {}

    private static int padded(int count) {
        return Math.ceilDiv(count, VECTORS) * VECTORS;
    }

    private static int wholes(int k) {
        return k - k % SUM_LANES;
    }

    /// Room for vectors of `k` elements: whole sixteens, then what is left of each.
    static int laidOut(int count, int k) {
        return padded(count) * (wholes(k) + SUM_LANES);
    }

    private static int at(int count, int k, int f, int i) {
        return i < wholes(k)
                ? f / VECTORS * VECTORS * wholes(k) + (i / SUM_LANES * VECTORS + f % VECTORS) * SUM_LANES
                        + i % SUM_LANES
                : padded(count) * wholes(k) + f * SUM_LANES + i - wholes(k);
    }

    /// @param few `[count, k]`, or `[k, count]` if `transposed`
    static void layOut(Tensor few, boolean transposed, int count, int k, float[] x) {
        Arrays.fill(x, 0, laidOut(count, k), 0);
        for (int f = 0; f < count; f++) {
            if (transposed) {
                for (int i = 0; i < k; i++) {
                    x[at(count, k, f, i)] = few.getFloat((long) i * count + f);
                }
            } else {
                for (int i = 0; i < k; i += SUM_LANES) {
                    Widen.row(few, (long) f * k + i, Math.min(SUM_LANES, k - i), x, at(count, k, f, i));
                }
            }
        }
    }

    /// One of the vectors, as it was.
    static void vector(float[] x, int count, int k, int f, float[] target) {
        for (int i = 0; i < k; i += SUM_LANES) {
            System.arraycopy(x, at(count, k, f, i), target, i, Math.min(SUM_LANES, k - i));
        }
    }

    /// The products of the rows `from .. to-1` and all vectors.
    static void rows(float[] x, int count, GemvKernel.Product sum, int from, int to, int k, ThreadBuffers buffers) {
        Tensor many = sum.many();
        boolean blocked = many.dtype() == DType.Q8_0;
        int padded = padded(count);
        float[] rows = buffers.floats(0, GROUP * STRIDE);
        float[] sums = buffers.floats(1, GemvKernel.FEW * GROUP * SUM_LANES);
        float[] scales = buffers.floats(4, GROUP * BLOCKS);
        int bound = wholes(k);
        for (int r = from; r < to; r += GROUP) {
            int height = Math.min(GROUP, to - r);
            // The array may be longer: others have used it. Of an odd number of rows, the last meets them together with
            // what is left of another, and that sum is not read.
            Arrays.fill(sums, 0, GemvKernel.FEW * GROUP * SUM_LANES, 0);
            for (int i = 0; i < bound; i += PIECE) {
                int piece = Math.min(PIECE, bound - i);
                for (int h = 0; h < height; h++) {
                    long first = (long) (r + h) * k + i;
                    if (blocked) {
                        widenBlocks(many.data(), DType.Q8_0.bytes(first), piece, rows, h * STRIDE, scales, h * BLOCKS);
                    } else {
                        Widen.row(many, first, piece, rows, h * STRIDE);
                    }
                }
                for (int f = 0; f < padded; f += VECTORS) {
                    for (int h = 0; h < height; h += ROWS) {
                        visit(blocked, x, f * bound + i * VECTORS, rows, h, scales, piece, sums,
                                (f * GROUP + h) * SUM_LANES);
                    }
                }
            }
            for (int f = 0; f < count; f++) {
                for (int h = 0; h < height; h++) {
                    int lanes = (f * GROUP + h) * SUM_LANES;
                    GemvStreams.tail(many, r + h, bound, k, x, padded * bound + f * SUM_LANES - bound, sums, lanes);
                    GemvKernel.put(sum, r + h, f, Simd.sum(sums, lanes));
                }
            }
        }
    }

    /// Two rows meet four vectors. Widening them while they meet the first, so that the processor multiplies while it
    /// waits for memory, was a tenth faster in some runs and slower in others.
    private static void visit(boolean blocked, float[] x, int xo, float[] rows, int row, float[] scales, int piece,
            float[] sums, int so) {
        for (int lane = 0; lane < SUM_LANES; lane += LANES) {
            if (blocked) {
                blocks(x, xo + lane, rows, row * STRIDE + lane, scales, row * BLOCKS, piece / Q8Block.ELEMENTS, sums,
                        so + lane);
            } else {
                floats(x, xo + lane, rows, row * STRIDE + lane, piece, sums, so + lane);
            }
        }
    }

    /// Blocks of Q8_0 as floats without their scales, and these.
    private static void widenBlocks(MemorySegment w, long offsetBytes, int count, float[] row, int at, float[] scales,
            int first) {
        for (int i = 0; i < count; i += Q8Block.ELEMENTS, offsetBytes += Q8Block.BYTES) {
            scales[first++] = Float16Table.VALUES[w.get(Tensor.I16, offsetBytes) & 0xffff];
            for (int lane = 0; lane < Q8Block.ELEMENTS; lane += LANES) {
                Simd.q8(w, offsetBytes + Q8Block.FIRST + lane).intoArray(row, at + i + lane);
            }
        }
    }

    /// One vector of lanes of the products of two rows and four vectors.
    private static void floats(float[] x, int xo, float[] rows, int ro, int piece, float[] sums, int so) {
        FloatVector a0 = at(sums, so);
        FloatVector a1 = at(sums, so + 4 * SUM_LANES);
        FloatVector a2 = at(sums, so + 8 * SUM_LANES);
        FloatVector a3 = at(sums, so + 12 * SUM_LANES);
        FloatVector b0 = at(sums, so + SUM_LANES);
        FloatVector b1 = at(sums, so + 5 * SUM_LANES);
        FloatVector b2 = at(sums, so + 9 * SUM_LANES);
        FloatVector b3 = at(sums, so + 13 * SUM_LANES);
        for (int i = 0; i < piece; i += SUM_LANES) {
            FloatVector a = at(rows, ro + i);
            FloatVector b = at(rows, ro + i + STRIDE);
            FloatVector v = at(x, xo + VECTORS * i);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            v = at(x, xo + VECTORS * i + SUM_LANES);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            v = at(x, xo + VECTORS * i + 2 * SUM_LANES);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            v = at(x, xo + VECTORS * i + 3 * SUM_LANES);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
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

    /// The same of blocks: what of one belongs to a lane, two steps, is summed before it meets the block's scale.
    private static void blocks(float[] x, int xo, float[] rows, int ro, float[] scales, int first, int blocks,
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
            FloatVector a = at(rows, ro + Q8Block.ELEMENTS * block);
            FloatVector b = at(rows, ro + Q8Block.ELEMENTS * block + STRIDE);
            FloatVector nextA = at(rows, ro + Q8Block.ELEMENTS * block + SUM_LANES);
            FloatVector nextB = at(rows, ro + Q8Block.ELEMENTS * block + STRIDE + SUM_LANES);
            FloatVector scaleA = FloatVector.broadcast(Simd.F, scales[first + block]);
            FloatVector scaleB = FloatVector.broadcast(Simd.F, scales[first + block + BLOCKS]);
            FloatVector v = at(x, xo + BLOCK * block);
            FloatVector next = at(x, xo + BLOCK * block + NEXT);
            a0 = nextA.fma(next, a.mul(v)).fma(scaleA, a0);
            b0 = nextB.fma(next, b.mul(v)).fma(scaleB, b0);
            v = at(x, xo + BLOCK * block + SUM_LANES);
            next = at(x, xo + BLOCK * block + NEXT + SUM_LANES);
            a1 = nextA.fma(next, a.mul(v)).fma(scaleA, a1);
            b1 = nextB.fma(next, b.mul(v)).fma(scaleB, b1);
            v = at(x, xo + BLOCK * block + 2 * SUM_LANES);
            next = at(x, xo + BLOCK * block + NEXT + 2 * SUM_LANES);
            a2 = nextA.fma(next, a.mul(v)).fma(scaleA, a2);
            b2 = nextB.fma(next, b.mul(v)).fma(scaleB, b2);
            v = at(x, xo + BLOCK * block + 3 * SUM_LANES);
            next = at(x, xo + BLOCK * block + NEXT + 3 * SUM_LANES);
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

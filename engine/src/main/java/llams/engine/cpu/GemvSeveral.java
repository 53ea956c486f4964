package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// The part of [GemvKernel] where several vectors meet a matrix. Four rows meet four vectors: each of their elements is
/// widened once, in registers, where all sixteen sums stay too. Each is summed as [GemvStreams] sums it for one vector
/// alone.
///
/// Four vectors lie side by side, `LANES` elements of each in turn, so that a loop reads its part of them from one end to
/// the other.
final class GemvSeveral {
    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;
    /// Vectors and rows that meet at once. Where a processor has 16 registers, some sums are kept in memory: that costs no
    /// more than to load each vector for two rows only.
    private static final int VECTORS = 4;
    private static final int ROWS = 4;
    /// Floats of the vectors' part that belong to an element of a row, on average: a loop meets `LANES` of every
    /// `SUM_LANES`.
    private static final int X = VECTORS * LANES / SUM_LANES;
    private static final int BLOCK_X = X * Q8Block.ELEMENTS;

    private static final MethodHandle[] LOOPS = loops();

    private GemvSeveral() {}

    private static MethodHandle[] loops() {
        MethodHandle[] loops = ApartLoops.none();
        put(loops, DType.F32, "f32");
        put(loops, DType.BF16, "bf16");
        put(loops, DType.F16, "f16");
        put(loops, DType.Q8_0, "q8");
        return loops;
    }

    private static void put(MethodHandle[] loops, DType dtype, String name) {
        ApartLoops.put(loops, dtype, GemvSeveral.class, name, float[].class, int.class, MemorySegment.class,
                long[].class, int.class, int.class, float[].class);
    }

    /// True if rows of this type are widened once for all vectors.
    static boolean takes(DType dtype) {
        return LOOPS[dtype.ordinal()] != null;
    }

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
                ? part(f / VECTORS, i % SUM_LANES, wholes(k)) + (i / SUM_LANES * VECTORS + f % VECTORS) * LANES
                        + i % LANES
                : padded(count) * wholes(k) + f * SUM_LANES + i - wholes(k);
    }

    /// Where the elements of the `group`-th four vectors begin that meet the lanes from `lane` on.
    private static int part(int group, int lane, int wholes) {
        return (group * VECTORS + lane / LANES * X) * wholes;
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
                for (int i = 0; i < k; i += LANES) {
                    Widen.row(few, (long) f * k + i, Math.min(LANES, k - i), x, at(count, k, f, i));
                }
            }
        }
    }

    /// One of the vectors, as it was.
    static void vector(float[] x, int count, int k, int f, float[] target) {
        for (int i = 0; i < k; i += LANES) {
            System.arraycopy(x, at(count, k, f, i), target, i, Math.min(LANES, k - i));
        }
    }

    /// The products of the rows `from .. to-1` and all vectors.
    static void rows(float[] x, int count, GemvKernel.Product sum, int from, int to, int k, ThreadBuffers buffers) {
        Tensor many = sum.many();
        MethodHandle loop = LOOPS[many.dtype().ordinal()];
        float[] sums = buffers.floats(1, VECTORS * ROWS * SUM_LANES);
        int bound = wholes(k);
        int tails = padded(count) * bound - bound;
        long[] starts = new long[ROWS];
        for (int r = from; r < to; r += ROWS) {
            for (int h = 0; h < ROWS; h++) {
                starts[h] = (long) Math.min(r + h, to - 1) * k;
            }
            for (int f = 0; f < count; f += VECTORS) {
                for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                    run(loop, x, part(f / VECTORS, lane, bound), many.data(), starts, lane, bound, sums);
                }
                int height = Math.min(ROWS, to - r);
                int width = Math.min(VECTORS, count - f);
                for (int h = 0; bound < k && h < height; h++) {
                    for (int v = 0; v < width; v++) {
                        GemvStreams.tail(many, r + h, bound, k, x, tails + (f + v) * SUM_LANES, sums,
                                (h * VECTORS + v) * SUM_LANES);
                    }
                }
                for (int h = 0; h < height; h++) {
                    for (int v = 0; v < width; v++) {
                        GemvKernel.put(sum, r + h, f + v, Simd.sum(sums, (h * VECTORS + v) * SUM_LANES));
                    }
                }
            }
        }
    }

    private static void run(MethodHandle loop, float[] x, int xo, MemorySegment w, long[] starts, int lane, int k,
            float[] sums) {
        try {
            loop.invokeExact(x, xo, w, starts, lane, k, sums);
        } catch (Throwable e) {
            throw ApartLoops.thrown(e);
        }
    }

    // The loops: the lanes from `lane` on, `LANES` of them, of the products of four rows with four vectors. `sums` is
    // `[ROWS, VECTORS, SUM_LANES]`.

    static void f32(float[] x, int xo, MemorySegment w, long[] starts, int lane, int k, float[] sums) {
        long rowA = starts[0] + lane;
        long rowB = starts[1] + lane;
        long rowC = starts[2] + lane;
        long rowD = starts[3] + lane;
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector c2 = a0;
        FloatVector c3 = a0;
        FloatVector d0 = a0;
        FloatVector d1 = a0;
        FloatVector d2 = a0;
        FloatVector d3 = a0;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector a = Simd.load(w, rowA + i);
            FloatVector b = Simd.load(w, rowB + i);
            FloatVector c = Simd.load(w, rowC + i);
            FloatVector d = Simd.load(w, rowD + i);
            FloatVector v = FloatVector.fromArray(Simd.F, x, xo + X * i);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            c0 = c.fma(v, c0);
            d0 = d.fma(v, d0);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + LANES);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            c1 = c.fma(v, c1);
            d1 = d.fma(v, d1);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + 2 * LANES);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            c2 = c.fma(v, c2);
            d2 = d.fma(v, d2);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + 3 * LANES);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
            c3 = c.fma(v, c3);
            d3 = d.fma(v, d3);
        }
        a0.intoArray(sums, lane);
        a1.intoArray(sums, SUM_LANES + lane);
        a2.intoArray(sums, 2 * SUM_LANES + lane);
        a3.intoArray(sums, 3 * SUM_LANES + lane);
        b0.intoArray(sums, 4 * SUM_LANES + lane);
        b1.intoArray(sums, 5 * SUM_LANES + lane);
        b2.intoArray(sums, 6 * SUM_LANES + lane);
        b3.intoArray(sums, 7 * SUM_LANES + lane);
        c0.intoArray(sums, 8 * SUM_LANES + lane);
        c1.intoArray(sums, 9 * SUM_LANES + lane);
        c2.intoArray(sums, 10 * SUM_LANES + lane);
        c3.intoArray(sums, 11 * SUM_LANES + lane);
        d0.intoArray(sums, 12 * SUM_LANES + lane);
        d1.intoArray(sums, 13 * SUM_LANES + lane);
        d2.intoArray(sums, 14 * SUM_LANES + lane);
        d3.intoArray(sums, 15 * SUM_LANES + lane);
    }

    static void bf16(float[] x, int xo, MemorySegment w, long[] starts, int lane, int k, float[] sums) {
        long rowA = starts[0] + lane;
        long rowB = starts[1] + lane;
        long rowC = starts[2] + lane;
        long rowD = starts[3] + lane;
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector c2 = a0;
        FloatVector c3 = a0;
        FloatVector d0 = a0;
        FloatVector d1 = a0;
        FloatVector d2 = a0;
        FloatVector d3 = a0;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector a = Simd.loadBf16(w, rowA + i);
            FloatVector b = Simd.loadBf16(w, rowB + i);
            FloatVector c = Simd.loadBf16(w, rowC + i);
            FloatVector d = Simd.loadBf16(w, rowD + i);
            FloatVector v = FloatVector.fromArray(Simd.F, x, xo + X * i);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            c0 = c.fma(v, c0);
            d0 = d.fma(v, d0);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + LANES);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            c1 = c.fma(v, c1);
            d1 = d.fma(v, d1);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + 2 * LANES);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            c2 = c.fma(v, c2);
            d2 = d.fma(v, d2);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + 3 * LANES);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
            c3 = c.fma(v, c3);
            d3 = d.fma(v, d3);
        }
        a0.intoArray(sums, lane);
        a1.intoArray(sums, SUM_LANES + lane);
        a2.intoArray(sums, 2 * SUM_LANES + lane);
        a3.intoArray(sums, 3 * SUM_LANES + lane);
        b0.intoArray(sums, 4 * SUM_LANES + lane);
        b1.intoArray(sums, 5 * SUM_LANES + lane);
        b2.intoArray(sums, 6 * SUM_LANES + lane);
        b3.intoArray(sums, 7 * SUM_LANES + lane);
        c0.intoArray(sums, 8 * SUM_LANES + lane);
        c1.intoArray(sums, 9 * SUM_LANES + lane);
        c2.intoArray(sums, 10 * SUM_LANES + lane);
        c3.intoArray(sums, 11 * SUM_LANES + lane);
        d0.intoArray(sums, 12 * SUM_LANES + lane);
        d1.intoArray(sums, 13 * SUM_LANES + lane);
        d2.intoArray(sums, 14 * SUM_LANES + lane);
        d3.intoArray(sums, 15 * SUM_LANES + lane);
    }

    /// Two rows in turn: widening f16 takes many steps.
    static void f16(float[] x, int xo, MemorySegment w, long[] starts, int lane, int k, float[] sums) {
        for (int row = 0; row < ROWS; row += 2) {
            twoF16(x, xo, w, starts[row] + lane, starts[row + 1] + lane, k, sums, row * VECTORS * SUM_LANES + lane);
        }
    }

    private static void twoF16(float[] x, int xo, MemorySegment w, long rowA, long rowB, int k, float[] sums, int so) {
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        for (int i = 0; i <= k - SUM_LANES; i += SUM_LANES) {
            FloatVector a = Simd.loadF16(w, rowA + i);
            FloatVector b = Simd.loadF16(w, rowB + i);
            FloatVector v = FloatVector.fromArray(Simd.F, x, xo + X * i);
            a0 = a.fma(v, a0);
            b0 = b.fma(v, b0);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + LANES);
            a1 = a.fma(v, a1);
            b1 = b.fma(v, b1);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + 2 * LANES);
            a2 = a.fma(v, a2);
            b2 = b.fma(v, b2);
            v = FloatVector.fromArray(Simd.F, x, xo + X * i + 3 * LANES);
            a3 = a.fma(v, a3);
            b3 = b.fma(v, b3);
        }
        a0.intoArray(sums, so);
        a1.intoArray(sums, SUM_LANES + so);
        a2.intoArray(sums, 2 * SUM_LANES + so);
        a3.intoArray(sums, 3 * SUM_LANES + so);
        b0.intoArray(sums, 4 * SUM_LANES + so);
        b1.intoArray(sums, 5 * SUM_LANES + so);
        b2.intoArray(sums, 6 * SUM_LANES + so);
        b3.intoArray(sums, 7 * SUM_LANES + so);
    }

    /// The halves of a block are a loop, which the compiler unrolls: written out, they would be more than it inlines.
    static void q8(float[] x, int xo, MemorySegment w, long[] starts, int lane, int k, float[] sums) {
        long rowA = DType.Q8_0.bytes(starts[0]);
        long rowB = DType.Q8_0.bytes(starts[1]);
        long rowC = DType.Q8_0.bytes(starts[2]);
        long rowD = DType.Q8_0.bytes(starts[3]);
        FloatVector a0 = FloatVector.zero(Simd.F);
        FloatVector a1 = a0;
        FloatVector a2 = a0;
        FloatVector a3 = a0;
        FloatVector b0 = a0;
        FloatVector b1 = a0;
        FloatVector b2 = a0;
        FloatVector b3 = a0;
        FloatVector c0 = a0;
        FloatVector c1 = a0;
        FloatVector c2 = a0;
        FloatVector c3 = a0;
        FloatVector d0 = a0;
        FloatVector d1 = a0;
        FloatVector d2 = a0;
        FloatVector d3 = a0;
        for (int block = 0; block < k / Q8Block.ELEMENTS; block++) {
            FloatVector aScale = Simd.q8Scale(w, rowA + block * Q8Block.BYTES);
            FloatVector bScale = Simd.q8Scale(w, rowB + block * Q8Block.BYTES);
            FloatVector cScale = Simd.q8Scale(w, rowC + block * Q8Block.BYTES);
            FloatVector dScale = Simd.q8Scale(w, rowD + block * Q8Block.BYTES);
            for (int half = 0; half < 2; half++) {
                FloatVector a = Simd.q8(w, rowA + lane + block * Q8Block.BYTES + Q8Block.FIRST + half * SUM_LANES)
                        .mul(aScale);
                FloatVector b = Simd.q8(w, rowB + lane + block * Q8Block.BYTES + Q8Block.FIRST + half * SUM_LANES)
                        .mul(bScale);
                FloatVector c = Simd.q8(w, rowC + lane + block * Q8Block.BYTES + Q8Block.FIRST + half * SUM_LANES)
                        .mul(cScale);
                FloatVector d = Simd.q8(w, rowD + lane + block * Q8Block.BYTES + Q8Block.FIRST + half * SUM_LANES)
                        .mul(dScale);
                FloatVector v = FloatVector.fromArray(Simd.F, x, xo + BLOCK_X * block + X * SUM_LANES * half);
                a0 = a.fma(v, a0);
                b0 = b.fma(v, b0);
                c0 = c.fma(v, c0);
                d0 = d.fma(v, d0);
                v = FloatVector.fromArray(Simd.F, x, xo + BLOCK_X * block + X * SUM_LANES * half + LANES);
                a1 = a.fma(v, a1);
                b1 = b.fma(v, b1);
                c1 = c.fma(v, c1);
                d1 = d.fma(v, d1);
                v = FloatVector.fromArray(Simd.F, x, xo + BLOCK_X * block + X * SUM_LANES * half + 2 * LANES);
                a2 = a.fma(v, a2);
                b2 = b.fma(v, b2);
                c2 = c.fma(v, c2);
                d2 = d.fma(v, d2);
                v = FloatVector.fromArray(Simd.F, x, xo + BLOCK_X * block + X * SUM_LANES * half + 3 * LANES);
                a3 = a.fma(v, a3);
                b3 = b.fma(v, b3);
                c3 = c.fma(v, c3);
                d3 = d.fma(v, d3);
            }
        }
        a0.intoArray(sums, lane);
        a1.intoArray(sums, SUM_LANES + lane);
        a2.intoArray(sums, 2 * SUM_LANES + lane);
        a3.intoArray(sums, 3 * SUM_LANES + lane);
        b0.intoArray(sums, 4 * SUM_LANES + lane);
        b1.intoArray(sums, 5 * SUM_LANES + lane);
        b2.intoArray(sums, 6 * SUM_LANES + lane);
        b3.intoArray(sums, 7 * SUM_LANES + lane);
        c0.intoArray(sums, 8 * SUM_LANES + lane);
        c1.intoArray(sums, 9 * SUM_LANES + lane);
        c2.intoArray(sums, 10 * SUM_LANES + lane);
        c3.intoArray(sums, 11 * SUM_LANES + lane);
        d0.intoArray(sums, 12 * SUM_LANES + lane);
        d1.intoArray(sums, 13 * SUM_LANES + lane);
        d2.intoArray(sums, 14 * SUM_LANES + lane);
        d3.intoArray(sums, 15 * SUM_LANES + lane);
    }
}

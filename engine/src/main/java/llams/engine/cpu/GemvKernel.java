package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.DType;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Tensor;

/// Products of a matrix with few vectors: one token (or a handful) against a weight, and LoRA's thin products. Every
/// row of the matrix is read once, in order, and widened in registers: the speed is the memory's. What a vector gives is
/// the same bits whatever others are beside it, so that conversations can be continued together.
final class GemvKernel {
    /// Vectors multiplied this way, at most.
    static final int FEW = 8;

    private static final int LANES = Simd.LANES;
    private static final int SUM_LANES = Simd.SUM_LANES;
    static final int GROUP = 4;
    /// Rows that one vector meets in turn.
    private static final int STREAMS = 4;
    /// Steps of one visit: `GROUP` rows and all vectors of it stay in the first-level cache.
    static final int PIECE = 1024;
    /// A task's share of the matrix: long streams are read faster, but slow threads must leave something to the others.
    private static final int MIN_TASK_BYTES = 1 << 16;
    private static final int MAX_TASK_BYTES = 1 << 21;
    private static final int TASKS_PER_THREAD = 4;

    private GemvKernel() {}

    /// `c[r * rowStep + f * fewStep] (+)= sum over i < k of few[f, i] many[r, i]`, for all vectors `f` and `r < rows`.
    ///
    /// @param many  `[rows, k]`
    /// @param terms what is added to the same `c`, in this order, by the task that has just made its rows
    record Product(Tensor many, int rows, Tensor c, int rowStep, int fewStep, boolean accumulate, List<Term> terms) {
        Product(Tensor many, int rows, Tensor c, int rowStep, int fewStep, boolean accumulate) {
            this(many, rows, c, rowStep, fewStep, accumulate, List.of());
        }
    }

    /// A product with other vectors, as an adapter's is: `few` `[count, k]` with the matrix of `sum`, which accumulates.
    ///
    /// @param x where `few` is laid out, as long as [#laidOut] says
    record Term(Tensor few, int k, float[] x, Product sum) {
        static Term of(Tensor few, Tensor many, Tensor c) {
            int k = few.dim(1);
            int rows = c.dim(1);
            return new Term(few, k, new float[laidOut(few.dim(0), k)], new Product(many, rows, c, 1, rows, true));
        }
    }

    /// Sums of the same vectors, computed as one: threads meet once for all of them.
    ///
    /// @param few `[count, k]`, or `[k, count]` if `transposed`
    static void multiply(Tensor few, boolean transposed, int count, int k, List<Product> sums, Parallel p) {
        float[] x = p.buffers().floats(15, laidOut(count, k));
        if (transposed) {
            for (int f = 0; f < count; f++) {
                for (int i = 0; i < k; i++) {
                    x[f * k + i] = few.getFloat((long) i * count + f);
                }
            }
            Arrays.fill(x, count * k, laidOut(count, k), 0);
        } else {
            layOut(few, count, k, x);
        }
        long bytes = 0;
        for (Product sum : sums) {
            bytes += sum.rows * rowBytes(sum, k);
            for (Term term : sum.terms) {
                layOut(term.few, count, term.k, term.x);
            }
        }
        long taskBytes = Math.clamp(bytes / (TASKS_PER_THREAD * p.threads()), MIN_TASK_BYTES, MAX_TASK_BYTES);
        int tasks = 0;
        for (Product sum : sums) {
            tasks += tasks(sum, k, taskBytes);
        }
        p.run(tasks, (task, buffers) -> {
            int index = task;
            int i = 0;
            for (; index >= tasks(sums.get(i), k, taskBytes); i++) {
                index -= tasks(sums.get(i), k, taskBytes);
            }
            Product sum = sums.get(i);
            int share = share(sum, k, taskBytes);
            int from = index * share;
            int to = Math.min(sum.rows, from + share);
            rows(x, count, sum, from, to, k, buffers);
            for (Term term : sum.terms) {
                rows(term.x, count, term.sum, from, to, term.k, buffers);
            }
        });
    }

    /// Vectors of `k` elements one after the other, in whole groups.
    private static int laidOut(int count, int k) {
        return padded(count) * k;
    }

    private static int padded(int count) {
        return count == 1 ? 1 : Math.ceilDiv(count, GROUP) * GROUP;
    }

    private static void layOut(Tensor few, int count, int k, float[] x) {
        Widen.row(few, 0, count * k, x, 0);
        Arrays.fill(x, count * k, laidOut(count, k), 0);
    }

    private static void rows(float[] x, int count, Product sum, int from, int to, int k, ThreadBuffers buffers) {
        if (count == 1) {
            oneVector(x, 0, sum, from, to, k, buffers);
            return;
        }
        switch (sum.many.dtype()) {
            case F32, BF16, F16 -> severalVectors(x, padded(count), count, sum, from, to, k, buffers);
            case Q8_0 -> GemvQ8.severalVectors(x, padded(count), count, sum, from, to, k, buffers);
            default -> {
                float[] one = buffers.floats(5, k);
                for (int f = 0; f < count; f++) {
                    System.arraycopy(x, f * k, one, 0, k);
                    oneVector(one, f, sum, from, to, k, buffers);
                }
            }
        }
    }

    private static long rowBytes(Product sum, int k) {
        return Math.max(1, sum.many.dtype().bytes(k));
    }

    private static int tasks(Product sum, int k, long taskBytes) {
        return Math.ceilDiv(sum.rows, share(sum, k, taskBytes));
    }

    /// Rows of a task.
    private static int share(Product sum, int k, long taskBytes) {
        return Math.toIntExact(Math.max(1, taskBytes / (GROUP * rowBytes(sum, k)))) * GROUP;
    }

    /// Four rows in turn, one from each quarter of the task, as many at once as [GemvStreams] has registers for:
    /// processors fetch ahead page by page, so that streams far from each other keep the memory busier than neighbours
    /// do, which share a page.
    ///
    /// @param vector its number
    private static void oneVector(float[] x, int vector, Product sum, int from, int to, int k, ThreadBuffers buffers) {
        Tensor many = sum.many;
        float[] likeRows = GemvStreams.likeRows(many.dtype(), x, k, buffers, 3);
        float[] sums = buffers.floats(2, STREAMS * SUM_LANES);
        float[] scales = buffers.floats(4, many.dtype() == DType.NF4 ? STREAMS * (k / Nf4.BLOCK) : 0);
        int streamed = GemvStreams.streamed(many, k);
        int quarter = Math.ceilDiv(to - from, STREAMS);
        long[] starts = new long[STREAMS];
        for (int row = from; row < from + quarter; row++) {
            for (int s = 0; s < STREAMS; s++) {
                starts[s] = (long) Math.min(row + s * quarter, to - 1) * k;
            }
            GemvStreams.fourRows(likeRows, many, starts, k, sums, scales);
            for (int r = row, s = 0; s < STREAMS && r < to; r += quarter, s++) {
                GemvStreams.tail(many, r, streamed, k, x, 0, sums, s * SUM_LANES);
                put(sum, r, vector, Simd.sum(sums, s * SUM_LANES));
            }
        }
    }

    private static FloatVector at(float[] x, int index) {
        return FloatVector.fromArray(Simd.F, x, index);
    }

    /// `GROUP` rows at a time are widened once and meet `GROUP` vectors at a time.
    private static void severalVectors(float[] x, int padded, int count, Product sum, int from, int to, int k,
            ThreadBuffers buffers) {
        float[] rows = buffers.floats(0, GROUP * PIECE);
        float[] sums = buffers.floats(1, FEW * GROUP * SUM_LANES);
        for (int r = from; r < to; r += GROUP) {
            int height = Math.min(GROUP, to - r);
            Arrays.fill(rows, height * PIECE, GROUP * PIECE, 0);
            Arrays.fill(sums, 0);
            int bound = k - k % SUM_LANES;
            for (int i = 0; i < bound; i += PIECE) {
                int piece = Math.min(PIECE, bound - i);
                for (int h = 0; h < height; h++) {
                    Widen.row(sum.many, (long) (r + h) * k + i, piece, rows, h * PIECE);
                }
                for (int f = 0; f < padded; f += GROUP) {
                    for (int lane = 0; lane < SUM_LANES; lane += LANES) {
                        fourByFour(x, f * k + i, k, rows, piece, lane, sums, f * GROUP * SUM_LANES + lane);
                    }
                }
            }
            for (int f = 0; f < count; f++) {
                for (int h = 0; h < height; h++) {
                    int at = (f * GROUP + h) * SUM_LANES;
                    GemvStreams.tail(sum.many, r + h, bound, k, x, f * k, sums, at);
                    put(sum, r + h, f, Simd.sum(sums, at));
                }
            }
        }
    }

    /// The products of `GROUP` rows and vectors, of the steps that belong to the lanes from `lane` on.
    private static void fourByFour(float[] x, int xo, int k, float[] rows, int piece, int lane, float[] sums, int so) {
        FloatVector s00 = at(sums, so + 0 * SUM_LANES);
        FloatVector s01 = at(sums, so + 1 * SUM_LANES);
        FloatVector s02 = at(sums, so + 2 * SUM_LANES);
        FloatVector s03 = at(sums, so + 3 * SUM_LANES);
        FloatVector s10 = at(sums, so + 4 * SUM_LANES);
        FloatVector s11 = at(sums, so + 5 * SUM_LANES);
        FloatVector s12 = at(sums, so + 6 * SUM_LANES);
        FloatVector s13 = at(sums, so + 7 * SUM_LANES);
        FloatVector s20 = at(sums, so + 8 * SUM_LANES);
        FloatVector s21 = at(sums, so + 9 * SUM_LANES);
        FloatVector s22 = at(sums, so + 10 * SUM_LANES);
        FloatVector s23 = at(sums, so + 11 * SUM_LANES);
        FloatVector s30 = at(sums, so + 12 * SUM_LANES);
        FloatVector s31 = at(sums, so + 13 * SUM_LANES);
        FloatVector s32 = at(sums, so + 14 * SUM_LANES);
        FloatVector s33 = at(sums, so + 15 * SUM_LANES);
        for (int i = lane; i < piece; i += SUM_LANES) {
            FloatVector w0 = at(rows, i + 0 * PIECE);
            FloatVector w1 = at(rows, i + 1 * PIECE);
            FloatVector w2 = at(rows, i + 2 * PIECE);
            FloatVector w3 = at(rows, i + 3 * PIECE);
            FloatVector x0 = at(x, xo + i);
            s00 = w0.fma(x0, s00);
            s01 = w1.fma(x0, s01);
            s02 = w2.fma(x0, s02);
            s03 = w3.fma(x0, s03);
            FloatVector x1 = at(x, xo + i + k);
            s10 = w0.fma(x1, s10);
            s11 = w1.fma(x1, s11);
            s12 = w2.fma(x1, s12);
            s13 = w3.fma(x1, s13);
            FloatVector x2 = at(x, xo + i + 2 * k);
            s20 = w0.fma(x2, s20);
            s21 = w1.fma(x2, s21);
            s22 = w2.fma(x2, s22);
            s23 = w3.fma(x2, s23);
            FloatVector x3 = at(x, xo + i + 3 * k);
            s30 = w0.fma(x3, s30);
            s31 = w1.fma(x3, s31);
            s32 = w2.fma(x3, s32);
            s33 = w3.fma(x3, s33);
        }
        s00.intoArray(sums, so + 0 * SUM_LANES);
        s01.intoArray(sums, so + 1 * SUM_LANES);
        s02.intoArray(sums, so + 2 * SUM_LANES);
        s03.intoArray(sums, so + 3 * SUM_LANES);
        s10.intoArray(sums, so + 4 * SUM_LANES);
        s11.intoArray(sums, so + 5 * SUM_LANES);
        s12.intoArray(sums, so + 6 * SUM_LANES);
        s13.intoArray(sums, so + 7 * SUM_LANES);
        s20.intoArray(sums, so + 8 * SUM_LANES);
        s21.intoArray(sums, so + 9 * SUM_LANES);
        s22.intoArray(sums, so + 10 * SUM_LANES);
        s23.intoArray(sums, so + 11 * SUM_LANES);
        s30.intoArray(sums, so + 12 * SUM_LANES);
        s31.intoArray(sums, so + 13 * SUM_LANES);
        s32.intoArray(sums, so + 14 * SUM_LANES);
        s33.intoArray(sums, so + 15 * SUM_LANES);
    }

    static void put(Product sum, int row, int vector, float value) {
        MemorySegment c = sum.c.data();
        long at = ((long) row * sum.rowStep + (long) vector * sum.fewStep) * 4;
        c.set(Tensor.F32, at, sum.accumulate ? value + c.get(Tensor.F32, at) : value);
    }
}

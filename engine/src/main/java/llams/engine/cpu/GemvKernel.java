package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.List;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// Products of a matrix with few vectors: one token (or a handful) against a weight, and LoRA's thin products. Every
/// row of the matrix is read once, in order, and widened in registers: the speed is the memory's. What a vector gives is
/// the same bits whatever others are beside it, so that conversations can be continued together.
final class GemvKernel {
    /// Vectors multiplied this way, at most.
    static final int FEW = 8;

    private static final int SUM_LANES = Simd.SUM_LANES;
    private static final int GROUP = 4;
    /// Rows that one vector meets in turn.
    private static final int STREAMS = 4;
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
        layOut(few, transposed, count, k, x);
        long bytes = 0;
        for (Product sum : sums) {
            bytes += sum.rows * rowBytes(sum, k);
            for (Term term : sum.terms) {
                layOut(term.few, false, count, term.k, term.x);
            }
        }
        float[][] likeRows = likeRows(x, count, k, sums, p.buffers());
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
            rows(x, likeRows[i], count, sum, from, to, k, buffers);
            for (Term term : sum.terms) {
                float[] like = GemvStreams.likeRows(term.sum.many, term.x, term.k, buffers, 3);
                rows(term.x, like, count, term.sum, from, to, term.k, buffers);
            }
        });
    }

    /// The one vector as the rows of each sum want it, made once for all tasks and for sums of one type. Several vectors
    /// meet rows that are widened.
    private static float[][] likeRows(float[] x, int count, int k, List<Product> sums, ThreadBuffers buffers) {
        float[][] likeRows = new float[sums.size()][];
        DType[] dtypes = new DType[sums.size()];
        int slot = 0;
        for (int i = 0; i < likeRows.length && count == 1; i++) {
            dtypes[i] = sums.get(i).many.dtype();
            int first = Arrays.asList(dtypes).indexOf(dtypes[i]);
            likeRows[i] = first < i ? likeRows[first] : GemvStreams.likeRows(sums.get(i).many, x, k, buffers, slot++);
        }
        return likeRows;
    }

    private static int laidOut(int count, int k) {
        return count == 1 ? k : GemvSeveral.laidOut(count, k);
    }

    /// @param few `[count, k]`, or `[k, count]` if `transposed`
    private static void layOut(Tensor few, boolean transposed, int count, int k, float[] x) {
        if (count > 1) {
            GemvSeveral.layOut(few, transposed, count, k, x);
        } else {
            Widen.row(few, 0, k, x, 0);
        }
    }

    private static void rows(float[] x, float[] likeRows, int count, Product sum, int from, int to, int k,
            ThreadBuffers buffers) {
        if (count == 1) {
            oneVector(x, likeRows, 0, sum, from, to, k, buffers);
            return;
        }
        if (GemvSeveral.takes(sum.many.dtype())) {
            GemvSeveral.rows(x, count, sum, from, to, k, buffers);
            return;
        }
        float[] one = buffers.floats(5, k);
        for (int f = 0; f < count; f++) {
            GemvSeveral.vector(x, count, k, f, one);
            oneVector(one, GemvStreams.likeRows(sum.many, one, k, buffers, 3), f, sum, from, to, k, buffers);
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
    /// @param likeRows the vector, as [GemvStreams#likeRows] has laid it out
    /// @param vector   its number
    private static void oneVector(float[] x, float[] likeRows, int vector, Product sum, int from, int to, int k,
            ThreadBuffers buffers) {
        Tensor many = sum.many;
        float[] sums = buffers.floats(2, STREAMS * SUM_LANES);
        float[] scales = buffers.floats(4, GemvStreams.scales(many, k));
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

    static void put(Product sum, int row, int vector, float value) {
        MemorySegment c = sum.c.data();
        long at = ((long) row * sum.rowStep + (long) vector * sum.fewStep) * 4;
        c.set(Tensor.F32, at, sum.accumulate ? value + c.get(Tensor.F32, at) : value);
    }
}

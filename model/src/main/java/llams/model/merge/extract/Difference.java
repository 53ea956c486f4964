package llams.model.merge.extract;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.util.Arrays;
import llams.engine.tensor.Tensor;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;

/// `tuned - base` of one projection, `[rows, columns]`: computed anew for each product, part by part on all cores, so
/// that it is never in memory. Every number is summed in one order, whatever the threads.
record Difference(String name, Tensor base, Tensor tuned, PartWorkers<Difference.Work> workers) {
    /// Columns that a task of the transposed product has.
    private static final int STRIPE = 256;

    /// Memory for a part.
    static final class Work {
        final Floats base;
        final Floats tuned;
        double left;
        double whole;

        static long bytes() {
            return 2 * Floats.bytes(Floats.CAPACITY);
        }

        Work(Arena arena) {
            base = new Floats(arena, Floats.CAPACITY);
            tuned = new Floats(arena, Floats.CAPACITY);
        }

        /// The difference's elements `begin` to `begin + count`, into [#tuned].
        float[] read(Difference of, long begin, int count) {
            base.read(of.base, begin, count);
            tuned.read(of.tuned, begin, count);
            float[] values = tuned.values;
            for (int i = 0; i < count; i++) {
                values[i] -= base.values[i];
            }
            return values;
        }
    }

    int rows() {
        return Math.toIntExact(base.shape().dim(0));
    }

    int columns() {
        return Math.toIntExact(base.shape().dim(1));
    }

    private int rowsAtOnce() {
        return Math.clamp(Floats.CAPACITY / columns(), 1, rows());
    }

    /// `D x`: `x` is `[columns, k]`, the result `[rows, k]`, both in row order.
    float[] times(float[] x, int k) throws IOException {
        int columns = columns();
        float[] product = new float[rows() * k];
        workers.run(0, rows(), rowsAtOnce(), (work, begin, count) -> {
            float[] values = work.read(this, begin * columns, count * columns);
            float[] sum = new float[k];
            for (int r = 0; r < count; r++) {
                Arrays.fill(sum, 0);
                for (int c = 0; c < columns; c++) {
                    addScaled(sum, 0, values[r * columns + c], x, c * k, k);
                }
                System.arraycopy(sum, 0, product, ((int) begin + r) * k, k);
            }
        }, (_, _, _) -> {});
        return product;
    }

    /// `D^T x`: `x` is `[rows, k]`, the result `[columns, k]`, both in row order.
    float[] transposedTimes(float[] x, int k) throws IOException {
        int columns = columns();
        float[] product = new float[columns * k];
        workers.run(0, columns, STRIPE, (work, begin, count) -> {
            for (int r = 0; r < rows(); r++) {
                float[] values = work.read(this, (long) r * columns + begin, count);
                for (int c = 0; c < count; c++) {
                    addScaled(product, ((int) begin + c) * k, values[c], x, r * k, k);
                }
            }
        }, (_, _, _) -> {});
        return product;
    }

    /// Squares of what an approximation leaves, and of the whole.
    record Squares(double left, double whole) {
        Squares plus(Squares other) {
            return new Squares(left + other.left, whole + other.whole);
        }
    }

    /// Measures `D - B A`.
    Squares left(LowRank approximation) throws IOException {
        int columns = columns();
        Squares[] sum = {new Squares(0, 0)};
        workers.run(0, rows(), rowsAtOnce(), (work, begin, count) -> {
            float[] values = work.read(this, begin * columns, count * columns);
            work.whole = squares(values, count * columns);
            for (int r = 0; r < count; r++) {
                for (int c = 0; c < approximation.rank(); c++) {
                    float factor = -approximation.b()[((int) begin + r) * approximation.rank() + c];
                    addScaled(values, r * columns, factor, approximation.a(), c * columns, columns);
                }
            }
            work.left = squares(values, count * columns);
        }, (work, _, _) -> sum[0] = sum[0].plus(new Squares(work.left, work.whole)));
        return sum[0];
    }

    private static double squares(float[] values, int count) {
        double sum = 0;
        for (int i = 0; i < count; i++) {
            sum += (double) values[i] * values[i];
        }
        return sum;
    }

    /// `y[at + i] += factor x[from + i]`
    private static void addScaled(float[] y, int at, float factor, float[] x, int from, int count) {
        for (int i = 0; i < count; i++) {
            y[at + i] += factor * x[from + i];
        }
    }
}

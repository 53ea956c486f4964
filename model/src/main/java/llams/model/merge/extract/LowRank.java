package llams.model.merge.extract;

import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import llams.engine.tensor.CounterRandom;

/// The best product of two thin matrices for a difference `[out, in]`, up to the accuracy of randomized subspace
/// iteration (Halko, Martinsson, Tropp 2011): its largest singular values with their vectors. The random numbers depend
/// on the matrix's name alone, so the result is the same every time.
///
/// @param b `[out, rank]` in row order: left vectors times the roots of their singular values
/// @param a `[rank, in]` in row order: right vectors times the same roots
record LowRank(int rank, float[] b, float[] a) {
    /// Directions beside those wanted: they catch what the random start mixes in.
    private static final int FURTHER = 8;
    /// Each separates the wanted singular values from the others by their ratio squared.
    private static final int ITERATIONS = 3;

    /// Bytes that [#of] works in: two bases in f64 with their copies in f32, and the result once more in f64.
    static long memoryBytes(long rows, long columns, int rank) {
        long k = Math.min(rank + FURTHER, Math.min(rows, columns));
        return (rows + columns) * k * (2 * Double.BYTES + Float.BYTES);
    }

    static LowRank of(Difference difference, int rank) throws IOException {
        int k = Math.min(rank + FURTHER, Math.min(difference.rows(), difference.columns()));
        CounterRandom random = CounterRandom.named(0, difference.name());
        float[] start = new float[difference.columns() * k];
        for (int i = 0; i < start.length; i++) {
            start[i] = (float) random.gaussian(i);
        }
        double[][] left = orthonormal(difference.times(start, k), k);
        for (int i = 0; i < ITERATIONS; i++) {
            double[][] right = orthonormal(difference.transposedTimes(Columns.rows(left), k), k);
            left = orthonormal(difference.times(Columns.rows(right), k), k);
        }
        double[][] right = Columns.of(difference.transposedTimes(Columns.rows(left), k), k);
        double[][] turns = Columns.decompose(right);
        return largest(left, right, turns, rank);
    }

    private static double[][] orthonormal(float[] matrix, int k) {
        double[][] columns = Columns.of(matrix, k);
        Columns.orthonormalize(columns);
        return columns;
    }

    /// `left (right turns)^T`, by the longest columns of `right`, which are its singular values times vectors.
    private static LowRank largest(double[][] left, double[][] right, double[][] turns, int rank) {
        int k = left.length;
        double[] values = new double[k];
        Integer[] order = new Integer[k];
        for (int c = 0; c < k; c++) {
            values[c] = Math.sqrt(Columns.dot(right[c], right[c]));
            order[c] = c;
        }
        Arrays.sort(order, Comparator.comparingDouble(c -> -values[c]));
        int in = right[0].length;
        double[][] b = new double[rank][left[0].length];
        float[] a = new float[rank * in];
        for (int r = 0; r < rank; r++) {
            int from = order[r];
            double root = Math.sqrt(values[from]);
            for (int c = 0; c < k; c++) {
                Columns.addScaled(b[r], left[c], root * turns[from][c]);
            }
            for (int i = 0; i < in; i++) {
                a[r * in + i] = root == 0 ? 0 : (float) (right[from][i] / root);
            }
        }
        return new LowRank(rank, Columns.rows(b), a);
    }
}

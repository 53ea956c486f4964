package llams.model.merge.extract;

/// A tall matrix as an array of columns, in f64.
final class Columns {
    /// Relative size of what rounding leaves of a product that should be 0.
    private static final double NEGLIGIBLE = 1e-14;
    private static final int MOST_SWEEPS = 60;

    private Columns() {}

    /// Columns of a matrix `[rows, k]` in row order.
    static double[][] of(float[] matrix, int k) {
        int rows = matrix.length / k;
        double[][] columns = new double[k][rows];
        for (int r = 0; r < rows; r++) {
            for (int c = 0; c < k; c++) {
                columns[c][r] = matrix[r * k + c];
            }
        }
        return columns;
    }

    /// The same in row order.
    static float[] rows(double[][] columns) {
        int k = columns.length;
        float[] matrix = new float[columns[0].length * k];
        for (int c = 0; c < k; c++) {
            for (int r = 0; r < columns[c].length; r++) {
                matrix[r * k + c] = (float) columns[c][r];
            }
        }
        return matrix;
    }

    /// Makes the columns orthonormal in place, each against those before it (Gram and Schmidt, twice, which is enough);
    /// one that depends on those before it becomes 0.
    static void orthonormalize(double[][] columns) {
        for (int c = 0; c < columns.length; c++) {
            double before = Math.sqrt(dot(columns[c], columns[c]));
            for (int pass = 0; pass < 2; pass++) {
                for (int p = 0; p < c; p++) {
                    addScaled(columns[c], columns[p], -dot(columns[c], columns[p]));
                }
            }
            double length = Math.sqrt(dot(columns[c], columns[c]));
            scale(columns[c], length > NEGLIGIBLE * before ? 1 / length : 0);
        }
    }

    /// Turns the columns until they are orthogonal (Jacobi's one-sided method; Hestenes 1958): `columns turns` is then
    /// left in place, its lengths the singular values.
    ///
    /// @return the turns, `[k][k]`, by columns
    static double[][] decompose(double[][] columns) {
        int k = columns.length;
        double[][] turns = new double[k][k];
        for (int c = 0; c < k; c++) {
            turns[c][c] = 1;
        }
        boolean turned = true;
        for (int sweep = 0; turned && sweep < MOST_SWEEPS; sweep++) {
            turned = false;
            for (int p = 0; p < k; p++) {
                for (int q = p + 1; q < k; q++) {
                    turned |= turn(columns, turns, p, q);
                }
            }
        }
        return turns;
    }

    private static boolean turn(double[][] columns, double[][] turns, int p, int q) {
        double pp = dot(columns[p], columns[p]);
        double qq = dot(columns[q], columns[q]);
        double pq = dot(columns[p], columns[q]);
        if (Math.abs(pq) <= NEGLIGIBLE * Math.sqrt(pp * qq)) {
            return false;
        }
        double zeta = (qq - pp) / (2 * pq);
        double tangent = Math.copySign(1, zeta) / (Math.abs(zeta) + Math.sqrt(1 + zeta * zeta));
        double cosine = 1 / Math.sqrt(1 + tangent * tangent);
        rotate(columns[p], columns[q], cosine, cosine * tangent);
        rotate(turns[p], turns[q], cosine, cosine * tangent);
        return true;
    }

    private static void rotate(double[] x, double[] y, double cosine, double sine) {
        for (int i = 0; i < x.length; i++) {
            double before = x[i];
            x[i] = cosine * before - sine * y[i];
            y[i] = sine * before + cosine * y[i];
        }
    }

    /// `x . y`, in eight sums side by side.
    static double dot(double[] x, double[] y) {
        double[] sums = new double[8];
        int whole = x.length - x.length % sums.length;
        for (int i = 0; i < whole; i += sums.length) {
            for (int lane = 0; lane < sums.length; lane++) {
                sums[lane] += x[i + lane] * y[i + lane];
            }
        }
        double sum = 0;
        for (double one : sums) {
            sum += one;
        }
        for (int i = whole; i < x.length; i++) {
            sum += x[i] * y[i];
        }
        return sum;
    }

    /// `y += factor x`
    static void addScaled(double[] y, double[] x, double factor) {
        for (int i = 0; i < x.length; i++) {
            y[i] += factor * x[i];
        }
    }

    static void scale(double[] x, double factor) {
        for (int i = 0; i < x.length; i++) {
            x[i] *= factor;
        }
    }
}

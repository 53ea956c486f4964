package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// RMSNorm, `y = x / sqrt(mean(x^2) + eps) * weight` over each row of `[tokens, dim]` (Zhang and Sennrich 2019), and
/// its gradients.
final class NormKernel {
    private static final int TASK_ELEMENTS = 1 << 14;
    private static final int COLUMNS = 256;

    private static final int LANES = 1;
    private static final int INVERSE = 2;
    private static final int BACK = 3;

    private NormKernel() {}

    private static int rowsPerTask(int dim) {
        return Math.max(1, TASK_ELEMENTS / Math.max(1, dim));
    }

    /// `x` and `y` are `[tokens, dim]`, `weight` `[dim]` of any weight dtype; `y` may be `x`.
    static void rmsNorm(Tensor x, Tensor weight, float eps, Tensor y, Parallel p) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        float[] w = p.buffers().floats(0, dim);
        Widen.row(weight, 0, dim, w, 0);
        int rows = rowsPerTask(dim);
        p.run(Math.ceilDiv(tokens, rows), (task, buffers) -> {
            float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                normRow(x.data(), (long) t * dim, dim, w, eps, y.data(), lanes);
            }
        });
    }

    /// The length of each row of `x` `[rows, dim]`: `[rows]`.
    static void rowNorm(Tensor x, Tensor y, Parallel p) {
        int all = x.dim(0);
        int dim = x.dim(1);
        int rows = rowsPerTask(dim);
        p.run(Math.ceilDiv(all, rows), (task, buffers) -> {
            float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
            for (int r = task * rows; r < Math.min(all, (task + 1) * rows); r++) {
                y.setFloat(r, (float) Math.sqrt(squares(x.data(), (long) r * dim, dim, lanes)));
            }
        });
    }

    private static void normRow(MemorySegment x, long row, int dim, float[] w, float eps, MemorySegment y,
            float[] lanes) {
        float inverse = inverseRms(x, row, dim, eps, lanes);
        int d = 0;
        for (int bound = Simd.F.loopBound(dim); d < bound; d += Simd.LANES) {
            FloatVector scaled = Simd.load(x, row + d).mul(inverse);
            Simd.store(scaled.mul(FloatVector.fromArray(Simd.F, w, d)), y, row + d);
        }
        for (; d < dim; d++) {
            y.set(Tensor.F32, (row + d) * 4, x.get(Tensor.F32, (row + d) * 4) * inverse * w[d]);
        }
    }

    /// Of each row of `x`.
    private static float[] inverseRms(Tensor x, float eps, Parallel p) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        float[] inverse = p.buffers().floats(INVERSE, tokens);
        int rows = rowsPerTask(dim);
        p.run(Math.ceilDiv(tokens, rows), (task, buffers) -> {
            float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                inverse[t] = inverseRms(x.data(), (long) t * dim, dim, eps, lanes);
            }
        });
        return inverse;
    }

    private static float inverseRms(MemorySegment x, long row, int dim, float eps, float[] lanes) {
        double squares = squares(x, row, dim, lanes);
        return (float) (1 / Math.sqrt(squares / dim + eps));
    }

    private static float squares(MemorySegment x, long row, int dim, float[] lanes) {
        FloatVector sum0 = FloatVector.zero(Simd.F);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int d = 0;
        for (; d <= dim - Simd.SUM_LANES; d += Simd.SUM_LANES) {
            FloatVector x0 = Simd.load(x, row + d);
            sum0 = x0.fma(x0, sum0);
            if (Simd.LANES <= 8) {
                FloatVector x1 = Simd.load(x, row + d + Simd.LANES);
                sum1 = x1.fma(x1, sum1);
            }
            if (Simd.LANES == 4) {
                FloatVector x2 = Simd.load(x, row + d + 2 * Simd.LANES);
                FloatVector x3 = Simd.load(x, row + d + 3 * Simd.LANES);
                sum2 = x2.fma(x2, sum2);
                sum3 = x3.fma(x3, sum3);
            }
        }
        Simd.keep(sum0, sum1, sum2, sum3, lanes, 0);
        for (; d < dim; d++) {
            float value = x.get(Tensor.F32, (row + d) * 4);
            int lane = d % Simd.SUM_LANES;
            lanes[lane] = Math.fma(value, value, lanes[lane]);
        }
        return Simd.sum(lanes, 0);
    }

    /// `dx = r (weight dy - x r^2 / dim * sum(x weight dy))` with `r = 1 / sqrt(mean(x^2) + eps)`; `dx` may be `dy`.
    /// Each loop is a task of its own: with narrow vectors, all in one are more than the compiler inlines.
    static void rmsNormGradient(Tensor x, Tensor weight, float eps, Tensor dy, Tensor dx, Parallel p) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        float[] w = p.buffers().floats(0, dim);
        Widen.row(weight, 0, dim, w, 0);
        float[] inverse = inverseRms(x, eps, p);
        float[] back = p.buffers().floats(BACK, tokens);
        int rows = rowsPerTask(dim);
        p.run(Math.ceilDiv(tokens, rows), (task, buffers) -> {
            float[] lanes = buffers.floats(LANES, Simd.SUM_LANES);
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                double dot = dot(x.data(), dy.data(), (long) t * dim, dim, w, lanes);
                back[t] = (float) (-dot * inverse[t] * inverse[t] * inverse[t] / dim);
            }
        });
        p.run(Math.ceilDiv(tokens, rows), (task, _) -> {
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                gradientRow(x.data(), dy.data(), (long) t * dim, dim, w, inverse[t], back[t], dx.data());
            }
        });
    }

    private static void gradientRow(MemorySegment x, MemorySegment dy, long row, int dim, float[] w, float inverse,
            float back, MemorySegment dx) {
        int d = 0;
        for (; d <= dim - Simd.LANES; d += Simd.LANES) {
            FloatVector g = Simd.load(dy, row + d).mul(FloatVector.fromArray(Simd.F, w, d)).mul(inverse);
            Simd.store(Simd.load(x, row + d).mul(back).add(g), dx, row + d);
        }
        for (; d < dim; d++) {
            long at = (row + d) * 4;
            dx.set(Tensor.F32, at, x.get(Tensor.F32, at) * back + dy.get(Tensor.F32, at) * w[d] * inverse);
        }
    }

    /// `sum over d of x[d] (dy[d] w[d])` of one row.
    private static float dot(MemorySegment x, MemorySegment dy, long row, int dim, float[] w, float[] lanes) {
        FloatVector sum0 = FloatVector.zero(Simd.F);
        FloatVector sum1 = sum0;
        FloatVector sum2 = sum0;
        FloatVector sum3 = sum0;
        int d = 0;
        for (; d <= dim - Simd.SUM_LANES; d += Simd.SUM_LANES) {
            sum0 = Simd.load(x, row + d).fma(weighted(dy, row, w, d), sum0);
            if (Simd.LANES <= 8) {
                int e = d + Simd.LANES;
                sum1 = Simd.load(x, row + e).fma(weighted(dy, row, w, e), sum1);
            }
            if (Simd.LANES == 4) {
                int e = d + 2 * Simd.LANES;
                int f = d + 3 * Simd.LANES;
                sum2 = Simd.load(x, row + e).fma(weighted(dy, row, w, e), sum2);
                sum3 = Simd.load(x, row + f).fma(weighted(dy, row, w, f), sum3);
            }
        }
        Simd.keep(sum0, sum1, sum2, sum3, lanes, 0);
        for (; d < dim; d++) {
            long at = (row + d) * 4;
            int lane = d % Simd.SUM_LANES;
            lanes[lane] = Math.fma(x.get(Tensor.F32, at), dy.get(Tensor.F32, at) * w[d], lanes[lane]);
        }
        return Simd.sum(lanes, 0);
    }

    private static FloatVector weighted(MemorySegment dy, long row, float[] w, int d) {
        return Simd.load(dy, row + d).mul(FloatVector.fromArray(Simd.F, w, d));
    }

    /// `dWeight[d] = sum over tokens of dy x r`: `[dim]`, overwritten, or added to if `accumulate`. Tasks own columns, so
    /// the order of the sum is fixed: that of each sequence of `rowLength` tokens, and these in their order.
    static void rmsNormWeightGradient(Tensor x, float eps, Tensor dy, Tensor dWeight, boolean accumulate,
            long rowLength, Parallel p) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        float[] inverse = inverseRms(x, eps, p);
        p.run(Math.ceilDiv(dim, COLUMNS), (task, buffers) -> {
            float[] sum = buffers.floats(0, COLUMNS);
            int from = task * COLUMNS;
            int columns = Math.min(COLUMNS, dim - from);
            if (!accumulate) {
                dWeight.data().asSlice(from * 4L, columns * 4L).fill((byte) 0);
            }
            int row = rowLength == 0 ? tokens : Math.toIntExact(rowLength);
            for (int t = 0; t < tokens; t += row) {
                columnSums(x.data(), dy.data(), inverse, t, Math.min(tokens, t + row), dim, from, columns, sum);
                for (int d = 0; d < columns; d++) {
                    dWeight.setFloat(from + d, dWeight.getFloat(from + d) + sum[d]);
                }
            }
        });
    }

    private static void columnSums(MemorySegment x, MemorySegment dy, float[] inverse, int begin, int end, int dim,
            int from, int columns, float[] sum) {
        Arrays.fill(sum, 0, columns, 0);
        for (int t = begin; t < end; t++) {
            long row = (long) t * dim + from;
            int d = 0;
            for (int bound = Simd.F.loopBound(columns); d < bound; d += Simd.LANES) {
                FloatVector xr = Simd.load(x, row + d).mul(inverse[t]);
                xr.fma(Simd.load(dy, row + d), FloatVector.fromArray(Simd.F, sum, d)).intoArray(sum, d);
            }
            for (; d < columns; d++) {
                long at = (row + d) * 4;
                sum[d] = Math.fma(x.get(Tensor.F32, at) * inverse[t], dy.get(Tensor.F32, at), sum[d]);
            }
        }
    }
}

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
        p.run(Math.ceilDiv(tokens, rows), (task, _) -> {
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                normRow(x.data(), (long) t * dim, dim, w, eps, y.data());
            }
        });
    }

    private static void normRow(MemorySegment x, long row, int dim, float[] w, float eps, MemorySegment y) {
        float inverse = inverseRms(x, row, dim, eps);
        int d = 0;
        for (int bound = Simd.F.loopBound(dim); d < bound; d += Simd.LANES) {
            FloatVector scaled = Simd.load(x, row + d).mul(inverse);
            Simd.store(scaled.mul(FloatVector.fromArray(Simd.F, w, d)), y, row + d);
        }
        for (; d < dim; d++) {
            y.set(Tensor.F32, (row + d) * 4, x.get(Tensor.F32, (row + d) * 4) * inverse * w[d]);
        }
    }

    private static float inverseRms(MemorySegment x, long row, int dim, float eps) {
        FloatVector sum0 = FloatVector.zero(Simd.F);
        FloatVector sum1 = sum0;
        int d = 0;
        for (; d <= dim - 2 * Simd.LANES; d += 2 * Simd.LANES) {
            FloatVector x0 = Simd.load(x, row + d);
            FloatVector x1 = Simd.load(x, row + d + Simd.LANES);
            sum0 = x0.fma(x0, sum0);
            sum1 = x1.fma(x1, sum1);
        }
        for (; d <= dim - Simd.LANES; d += Simd.LANES) {
            FloatVector x0 = Simd.load(x, row + d);
            sum0 = x0.fma(x0, sum0);
        }
        double squares = Simd.sum(sum0.add(sum1));
        for (; d < dim; d++) {
            double value = x.get(Tensor.F32, (row + d) * 4);
            squares += value * value;
        }
        return (float) (1 / Math.sqrt(squares / dim + eps));
    }

    /// `dx = r (weight dy - x r^2 / dim * sum(x weight dy))` with `r = 1 / sqrt(mean(x^2) + eps)`; `dx` may be `dy`.
    static void rmsNormGradient(Tensor x, Tensor weight, float eps, Tensor dy, Tensor dx, Parallel p) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        float[] w = p.buffers().floats(0, dim);
        Widen.row(weight, 0, dim, w, 0);
        int rows = rowsPerTask(dim);
        p.run(Math.ceilDiv(tokens, rows), (task, _) -> {
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                gradientRow(x.data(), dy.data(), (long) t * dim, dim, w, eps, dx.data());
            }
        });
    }

    private static void gradientRow(MemorySegment x, MemorySegment dy, long row, int dim, float[] w, float eps,
            MemorySegment dx) {
        float inverse = inverseRms(x, row, dim, eps);
        FloatVector sum0 = FloatVector.zero(Simd.F);
        FloatVector sum1 = sum0;
        int d = 0;
        for (; d <= dim - 2 * Simd.LANES; d += 2 * Simd.LANES) {
            int e = d + Simd.LANES;
            FloatVector g0 = Simd.load(dy, row + d).mul(FloatVector.fromArray(Simd.F, w, d));
            FloatVector g1 = Simd.load(dy, row + e).mul(FloatVector.fromArray(Simd.F, w, e));
            sum0 = Simd.load(x, row + d).fma(g0, sum0);
            sum1 = Simd.load(x, row + e).fma(g1, sum1);
        }
        double dot = Simd.sum(sum0.add(sum1));
        for (; d < dim; d++) {
            dot += (double) x.get(Tensor.F32, (row + d) * 4) * dy.get(Tensor.F32, (row + d) * 4) * w[d];
        }
        float back = (float) (-dot * inverse * inverse * inverse / dim);
        for (d = 0; d <= dim - Simd.LANES; d += Simd.LANES) {
            FloatVector g = Simd.load(dy, row + d).mul(FloatVector.fromArray(Simd.F, w, d)).mul(inverse);
            Simd.store(Simd.load(x, row + d).mul(back).add(g), dx, row + d);
        }
        for (; d < dim; d++) {
            long at = (row + d) * 4;
            dx.set(Tensor.F32, at, x.get(Tensor.F32, at) * back + dy.get(Tensor.F32, at) * w[d] * inverse);
        }
    }

    /// `dWeight[d] = sum over tokens of dy x r`: `[dim]`, overwritten. Tasks own columns, so the order of the sum is
    /// fixed.
    static void rmsNormWeightGradient(Tensor x, float eps, Tensor dy, Tensor dWeight, Parallel p) {
        int tokens = x.dim(0);
        int dim = x.dim(1);
        float[] inverse = p.buffers().floats(1, tokens);
        int rows = rowsPerTask(dim);
        p.run(Math.ceilDiv(tokens, rows), (task, _) -> {
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                inverse[t] = inverseRms(x.data(), (long) t * dim, dim, eps);
            }
        });
        p.run(Math.ceilDiv(dim, COLUMNS), (task, buffers) -> {
            float[] sum = buffers.floats(0, COLUMNS);
            int from = task * COLUMNS;
            int columns = Math.min(COLUMNS, dim - from);
            columnSums(x.data(), dy.data(), inverse, tokens, dim, from, columns, sum);
            MemorySegment.copy(sum, 0, dWeight.data(), Tensor.F32, from * 4L, columns);
        });
    }

    private static void columnSums(MemorySegment x, MemorySegment dy, float[] inverse, int tokens, int dim, int from,
            int columns, float[] sum) {
        Arrays.fill(sum, 0, columns, 0);
        for (int t = 0; t < tokens; t++) {
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

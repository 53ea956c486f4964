package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// `y[t, o] = x[t, o] magnitude[o] / norm[o]` over `[tokens, out]`, and the gradient for `magnitude`.
final class ColumnKernel {
    private static final int TASK_ELEMENTS = 1 << 14;
    private static final int COLUMNS = 256;

    private ColumnKernel() {}

    /// `x` and `y` are `[tokens, out]`, `magnitude` and `norm` `[out]`; `y` may be `x`.
    static void scale(Tensor x, Tensor magnitude, Tensor norm, Tensor y, Parallel p) {
        int tokens = x.dim(0);
        int out = x.dim(1);
        float[] factors = p.buffers().floats(0, out);
        for (int o = 0; o < out; o++) {
            factors[o] = magnitude.getFloat(o) / norm.getFloat(o);
        }
        int rows = Math.max(1, TASK_ELEMENTS / Math.max(1, out));
        p.run(Math.ceilDiv(tokens, rows), (task, _) -> {
            for (int t = task * rows; t < Math.min(tokens, (task + 1) * rows); t++) {
                scaleRow(x.data(), factors, y.data(), (long) t * out, out);
            }
        });
    }

    private static void scaleRow(MemorySegment x, float[] factors, MemorySegment y, long row, int out) {
        int o = 0;
        for (int bound = Simd.F.loopBound(out); o < bound; o += Simd.LANES) {
            Simd.store(Simd.load(x, row + o).mul(FloatVector.fromArray(Simd.F, factors, o)), y, row + o);
        }
        for (; o < out; o++) {
            y.set(Tensor.F32, (row + o) * 4, x.get(Tensor.F32, (row + o) * 4) * factors[o]);
        }
    }

    /// `dMagnitude[o] = sum over tokens of x dy / norm[o]`: `[out]`, overwritten, or added to if `accumulate`. Tasks own
    /// columns, so the order of the sum is fixed: that of each sequence of `rowLength` tokens, and these in their order.
    static void magnitudeGradient(Tensor x, Tensor dy, Tensor norm, Tensor dMagnitude, boolean accumulate,
            long rowLength, Parallel p) {
        int tokens = x.dim(0);
        int out = x.dim(1);
        int row = rowLength == 0 ? tokens : Math.toIntExact(rowLength);
        p.run(Math.ceilDiv(out, COLUMNS), (task, buffers) -> {
            float[] sum = buffers.floats(0, COLUMNS);
            int from = task * COLUMNS;
            int columns = Math.min(COLUMNS, out - from);
            if (!accumulate) {
                dMagnitude.data().asSlice(from * 4L, columns * 4L).fill((byte) 0);
            }
            for (int t = 0; t < tokens; t += row) {
                columnSums(x.data(), dy.data(), t, Math.min(tokens, t + row), out, from, columns, sum);
                for (int o = 0; o < columns; o++) {
                    float part = sum[o] / norm.getFloat(from + o);
                    dMagnitude.setFloat(from + o, dMagnitude.getFloat(from + o) + part);
                }
            }
        });
    }

    private static void columnSums(MemorySegment x, MemorySegment dy, int begin, int end, int out, int from,
            int columns, float[] sum) {
        Arrays.fill(sum, 0, columns, 0);
        for (int t = begin; t < end; t++) {
            long row = (long) t * out + from;
            int o = 0;
            for (int bound = Simd.F.loopBound(columns); o < bound; o += Simd.LANES) {
                FloatVector before = FloatVector.fromArray(Simd.F, sum, o);
                Simd.load(x, row + o).fma(Simd.load(dy, row + o), before).intoArray(sum, o);
            }
            for (; o < columns; o++) {
                long at = (row + o) * 4;
                sum[o] = Math.fma(x.get(Tensor.F32, at), dy.get(Tensor.F32, at), sum[o]);
            }
        }
    }
}

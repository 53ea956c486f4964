package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Tensor;

/// AdamW (Loshchilov and Hutter 2019), parameter, both moments and the clipping of the gradient in one pass.
final class AdamWKernel {
    private static final int TASK_ELEMENTS = ElementwiseKernel.TASK_ELEMENTS;

    /// Elements that go through both halves of the update while they are in the first-level cache. The halves are
    /// methods of their own, with their constants spread over vectors outside the loops: in one, the compiler met its
    /// limit of inlining in some runs and put every vector on the heap.
    private static final int BLOCK = 2048;

    private AdamWKernel() {}

    /// `out` `[1]` = the sum of `x^2`, added up in double in an order that depends on neither threads nor vectors.
    static void squaredNorm(Tensor x, Tensor out, Parallel p) {
        long n = x.elements();
        int tasks = ElementwiseKernel.tasks(n);
        double[] partial = p.buffers().doubles(0, tasks);
        p.run(tasks, (task, buffers) -> {
            long from = (long) task * TASK_ELEMENTS;
            partial[task] = squares(x.data(), from, Math.min(n, from + TASK_ELEMENTS),
                    buffers.doubles(0, Simd.SUM_LANES));
        });
        double sum = 0;
        for (int task = 0; task < tasks; task++) {
            sum += partial[task];
        }
        out.setFloat(0, (float) sum);
    }

    private static double squares(MemorySegment x, long from, long to, double[] lanes) {
        Arrays.fill(lanes, 0, Simd.SUM_LANES, 0);
        long whole = to - (to - from) % Simd.SUM_LANES;
        for (long at = from; at < whole; at += BLOCK) {
            long end = Math.min(whole, at + BLOCK);
            for (int lane = 0; lane < Simd.SUM_LANES; lane += Simd.LANES) {
                addSquares(x, at + lane, end, lanes, lane);
            }
        }
        for (long i = whole; i < to; i++) {
            double value = x.get(Tensor.F32, i * 4);
            lanes[(int) (i - whole)] += value * value;
        }
        for (int half = Simd.SUM_LANES / 2; half > 0; half /= 2) {
            for (int lane = 0; lane < half; lane++) {
                lanes[lane] += lanes[lane + half];
            }
        }
        return lanes[0];
    }

    /// Adds the squares of every `SUM_LANES`th vector to the lanes from `lane` on.
    private static void addSquares(MemorySegment x, long from, long to, double[] lanes, int lane) {
        int half = Simd.D.length();
        DoubleVector sum0 = DoubleVector.fromArray(Simd.D, lanes, lane);
        DoubleVector sum1 = DoubleVector.fromArray(Simd.D, lanes, lane + half);
        for (long i = from; i < to; i += Simd.SUM_LANES) {
            FloatVector v = Simd.load(x, i);
            DoubleVector low = (DoubleVector) v.convertShape(VectorOperators.F2D, Simd.D, 0);
            DoubleVector high = (DoubleVector) v.convertShape(VectorOperators.F2D, Simd.D, 1);
            sum0 = low.fma(low, sum0);
            sum1 = high.fma(high, sum1);
        }
        sum0.intoArray(lanes, lane);
        sum1.intoArray(lanes, lane + half);
    }

    /// One step: `g' = g min(1, clip / (norm + 1e-6))` if the norm exceeds `clip`, `m = beta1 m + (1 - beta1) g'`,
    /// `v = beta2 v + (1 - beta2) g'^2`, `param -= lr weightDecay param`, `param -= lr (m / c1) / (sqrt(v / c2) +
    /// eps)`. `param`, `m`, `v` and `grad` have one shape.
    ///
    /// @param squaredNorm `[1]`: the squared norm of all gradients of the step; if it is not finite, nothing is changed
    /// @param schedule    `[3]`: `lr`, `c1 = 1 - beta1^t`, `c2 = 1 - beta2^t`, `t` counted from 1
    /// @param beta1       a double, like the others: `1 - 0.999f` is off by 1.3e-5 of its value
    /// @param clip        0: the gradient is taken as it is
    static void step(Tensor param, Tensor m, Tensor v, Tensor grad, Tensor squaredNorm, Tensor schedule, double beta1,
            double beta2, double eps, double weightDecay, double clip, Parallel p) {
        double norm = Math.sqrt(squaredNorm.getFloat(0));
        if (!Double.isFinite(norm)) {
            return;
        }
        double rate = schedule.getFloat(0);
        float gradScale = (float) (clip > 0 && norm > clip ? clip / (norm + 1e-6) : 1);
        float decay = (float) (1 - rate * weightDecay);
        float stepSize = (float) (rate / schedule.getFloat(1));
        float correction = (float) (1 / Math.sqrt(schedule.getFloat(2)));
        long n = param.elements();
        p.run(ElementwiseKernel.tasks(n), (task, _) -> {
            long end = Math.min(n, (task + 1L) * TASK_ELEMENTS);
            for (long from = (long) task * TASK_ELEMENTS; from < end; from += BLOCK) {
                long to = Math.min(end, from + BLOCK);
                moments(m.data(), v.data(), grad.data(), from, to, gradScale, (float) beta1, (float) (1 - beta1),
                        (float) beta2, (float) (1 - beta2));
                parameters(param.data(), m.data(), v.data(), from, to, decay, stepSize, correction, (float) eps);
            }
        });
    }

    private static void moments(MemorySegment m, MemorySegment v, MemorySegment grad, long from, long to,
            float gradScale, float beta1, float rest1, float beta2, float rest2) {
        FloatVector scales = FloatVector.broadcast(Simd.F, gradScale);
        FloatVector keeps1 = FloatVector.broadcast(Simd.F, beta1);
        FloatVector takes1 = FloatVector.broadcast(Simd.F, rest1);
        FloatVector keeps2 = FloatVector.broadcast(Simd.F, beta2);
        FloatVector takes2 = FloatVector.broadcast(Simd.F, rest2);
        long i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            FloatVector g = Simd.load(grad, i).mul(scales);
            Simd.store(Simd.load(m, i).mul(keeps1).add(g.mul(takes1)), m, i);
            Simd.store(Simd.load(v, i).mul(keeps2).add(g.mul(g).mul(takes2)), v, i);
        }
        for (; i < to; i++) {
            float g = grad.get(Tensor.F32, i * 4) * gradScale;
            m.set(Tensor.F32, i * 4, m.get(Tensor.F32, i * 4) * beta1 + g * rest1);
            v.set(Tensor.F32, i * 4, v.get(Tensor.F32, i * 4) * beta2 + g * g * rest2);
        }
    }

    private static void parameters(MemorySegment param, MemorySegment m, MemorySegment v, long from, long to,
            float decay, float stepSize, float correction, float eps) {
        FloatVector decays = FloatVector.broadcast(Simd.F, decay);
        FloatVector sizes = FloatVector.broadcast(Simd.F, stepSize);
        FloatVector corrections = FloatVector.broadcast(Simd.F, correction);
        FloatVector epsilons = FloatVector.broadcast(Simd.F, eps);
        long i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            FloatVector step = Simd.load(m, i).mul(sizes).div(Simd.load(v, i).sqrt().mul(corrections).add(epsilons));
            Simd.store(Simd.load(param, i).mul(decays).sub(step), param, i);
        }
        for (; i < to; i++) {
            float step = m.get(Tensor.F32, i * 4) * stepSize
                    / ((float) Math.sqrt(v.get(Tensor.F32, i * 4)) * correction + eps);
            param.set(Tensor.F32, i * 4, param.get(Tensor.F32, i * 4) * decay - step);
        }
    }
}

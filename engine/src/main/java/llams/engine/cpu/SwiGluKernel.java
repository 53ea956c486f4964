package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Tensor;

/// SwiGLU's pointwise part (Shazeer 2020): `y = silu(gate) * up`, `silu(g) = g / (1 + e^-g)`.
final class SwiGluKernel {
    private SwiGluKernel() {}

    /// All `[tokens, hiddenDim]`; `y` may be `gate` or `up`.
    static void forward(Tensor gate, Tensor up, Tensor y, Parallel p) {
        long n = y.elements();
        p.run(ElementwiseKernel.tasks(n), (task, _) -> {
            long from = (long) task * ElementwiseKernel.TASK_ELEMENTS;
            forward(gate.data(), up.data(), y.data(), from, Math.min(n, from + ElementwiseKernel.TASK_ELEMENTS));
        });
    }

    private static void forward(MemorySegment gate, MemorySegment up, MemorySegment y, long from, long to) {
        long i = from;
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            FloatVector g = Simd.load(gate, i);
            Simd.store(g.mul(sigmoid(g)).mul(Simd.load(up, i)), y, i);
        }
        for (; i < to; i++) {
            float g = gate.get(Tensor.F32, i * 4);
            y.set(Tensor.F32, i * 4, g * sigmoid(g) * up.get(Tensor.F32, i * 4));
        }
    }

    private static FloatVector sigmoid(FloatVector g) {
        FloatVector one = FloatVector.broadcast(Simd.F, 1);
        return one.div(Simd.exp(g.neg()).add(one));
    }

    private static float sigmoid(float g) {
        return 1 / (1 + Simd.exp(-g));
    }

    /// `dUp = dy silu(gate)`, `dGate = dy up s (1 + gate (1 - s))` with `s = 1 / (1 + e^-gate)`. Both may be any of the
    /// inputs.
    static void gradient(Tensor gate, Tensor up, Tensor dy, Tensor dGate, Tensor dUp, Parallel p) {
        long n = dy.elements();
        p.run(ElementwiseKernel.tasks(n), (task, _) -> {
            long from = (long) task * ElementwiseKernel.TASK_ELEMENTS;
            gradient(gate.data(), up.data(), dy.data(), dGate.data(), dUp.data(), from,
                    Math.min(n, from + ElementwiseKernel.TASK_ELEMENTS));
        });
    }

    private static void gradient(MemorySegment gate, MemorySegment up, MemorySegment dy, MemorySegment dGate,
            MemorySegment dUp, long from, long to) {
        long i = from;
        FloatVector one = FloatVector.broadcast(Simd.F, 1);
        for (; i <= to - Simd.LANES; i += Simd.LANES) {
            FloatVector g = Simd.load(gate, i);
            FloatVector u = Simd.load(up, i);
            FloatVector d = Simd.load(dy, i);
            FloatVector s = sigmoid(g);
            FloatVector slope = one.sub(s).fma(g, one);
            Simd.store(d.mul(g.mul(s)), dUp, i);
            Simd.store(d.mul(u).mul(s).mul(slope), dGate, i);
        }
        for (; i < to; i++) {
            float g = gate.get(Tensor.F32, i * 4);
            float u = up.get(Tensor.F32, i * 4);
            float d = dy.get(Tensor.F32, i * 4);
            float s = sigmoid(g);
            dUp.set(Tensor.F32, i * 4, d * (g * s));
            dGate.set(Tensor.F32, i * 4, d * u * s * Math.fma(1 - s, g, 1));
        }
    }
}

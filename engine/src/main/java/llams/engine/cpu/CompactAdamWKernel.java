package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import llams.engine.graph.AdamW;
import llams.engine.graph.CompactAdamW;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;
import llams.engine.tensor.Tensor;

/// [CompactAdamW]: block by block, what is stored in fewer bits is widened, updated and stored again.
final class CompactAdamWKernel {
    private static final int TASK_ELEMENTS = ElementwiseKernel.TASK_ELEMENTS;
    private static final int BLOCK = DynamicMap.BLOCK;

    private CompactAdamWKernel() {}

    static void step(CompactAdamW op, Tensor[] in, Parallel p) {
        AdamW rule = op.rule();
        double norm = Math.sqrt(in[CompactAdamW.SQUARED_NORM].getFloat(0));
        if (!Double.isFinite(norm)) {
            return;
        }
        float gradScale = (float) (rule.clip() > 0 && norm > rule.clip() ? rule.clip() / (norm + 1e-6) : 1);
        MemorySegment gradient = in[CompactAdamW.GRADIENT].data();
        Tensor schedule = in[CompactAdamW.SCHEDULE];
        boolean isEightBit = CompactAdamW.isEightBit(in.length);
        long n = in[CompactAdamW.PARAM].elements();
        p.run(ElementwiseKernel.tasks(n), (task, buffers) -> {
            float[] m = buffers.floats(0, BLOCK);
            float[] v = buffers.floats(1, BLOCK);
            float[] values = buffers.floats(2, BLOCK);
            int[] work = buffers.ints(0, BLOCK);
            long end = Math.min(n, (task + 1L) * TASK_ELEMENTS);
            for (long from = (long) task * TASK_ELEMENTS; from < end; from += BLOCK) {
                int count = (int) Math.min(BLOCK, end - from);
                float mScale = 1;
                float vScale = 1;
                if (isEightBit) {
                    mScale = EightBitMoments.SIGNED.load(in[CompactAdamW.M], in[CompactAdamW.M_SCALES], from, count, m);
                    vScale = EightBitMoments.UNSIGNED.load(in[CompactAdamW.V], in[CompactAdamW.V_SCALES], from, count,
                            v);
                } else {
                    MemorySegment.copy(in[CompactAdamW.M].data(), Tensor.F32, from * 4, m, 0, count);
                    MemorySegment.copy(in[CompactAdamW.V].data(), Tensor.F32, from * 4, v, 0, count);
                }
                moments(m, mScale, v, vScale, gradient, from, count, gradScale, rule);
                Widen.row(in[CompactAdamW.PARAM], from, count, values, 0);
                parameters(values, m, v, count, schedule, (float) rule.eps());
                store(op, in, values, from, count, work);
                if (isEightBit) {
                    EightBitMoments.SIGNED.store(m, from, count, in[CompactAdamW.M], in[CompactAdamW.M_SCALES], work);
                    EightBitMoments.UNSIGNED.store(v, from, count, in[CompactAdamW.V], in[CompactAdamW.V_SCALES], work);
                } else {
                    MemorySegment.copy(m, 0, in[CompactAdamW.M].data(), Tensor.F32, from * 4, count);
                    MemorySegment.copy(v, 0, in[CompactAdamW.V].data(), Tensor.F32, from * 4, count);
                }
            }
        });
    }

    private static void store(CompactAdamW op, Tensor[] in, float[] values, long from, int count, int[] random) {
        Tensor param = in[CompactAdamW.PARAM];
        if (param.dtype() == DType.BF16) {
            int step = in[CompactAdamW.STEP].getInt(0);
            StochasticRounding.store(values, param.data(), from, count, op.rounding(), step, random);
        } else {
            MemorySegment.copy(values, 0, param.data(), Tensor.F32, from * 4, count);
        }
    }

    /// @param mScale by which `m` is yet to be multiplied
    /// @param vScale the same of `v`
    private static void moments(float[] m, float mScale, float[] v, float vScale, MemorySegment gradient, long from,
            int count, float gradScale, AdamW rule) {
        float beta1 = (float) rule.beta1();
        float rest1 = (float) (1 - rule.beta1());
        float beta2 = (float) rule.beta2();
        float rest2 = (float) (1 - rule.beta2());
        FloatVector mScales = FloatVector.broadcast(Simd.F, mScale);
        FloatVector vScales = FloatVector.broadcast(Simd.F, vScale);
        FloatVector scales = FloatVector.broadcast(Simd.F, gradScale);
        FloatVector keeps1 = FloatVector.broadcast(Simd.F, beta1);
        FloatVector takes1 = FloatVector.broadcast(Simd.F, rest1);
        FloatVector keeps2 = FloatVector.broadcast(Simd.F, beta2);
        FloatVector takes2 = FloatVector.broadcast(Simd.F, rest2);
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector g = Simd.load(gradient, from + i).mul(scales);
            FloatVector before1 = FloatVector.fromArray(Simd.F, m, i).mul(mScales);
            before1.mul(keeps1).add(g.mul(takes1)).intoArray(m, i);
            FloatVector before2 = FloatVector.fromArray(Simd.F, v, i).mul(vScales);
            before2.mul(keeps2).add(g.mul(takes2).mul(g)).intoArray(v, i);
        }
        for (; i < count; i++) {
            float g = gradient.get(Tensor.F32, (from + i) * 4) * gradScale;
            m[i] = m[i] * mScale * beta1 + g * rest1;
            v[i] = v[i] * vScale * beta2 + g * rest2 * g;
        }
    }

    private static void parameters(float[] values, float[] m, float[] v, int count, Tensor schedule, float eps) {
        float rate = schedule.getFloat(0);
        float c1 = schedule.getFloat(1);
        float c2 = schedule.getFloat(2);
        float decay = schedule.getFloat(3);
        FloatVector rates = FloatVector.broadcast(Simd.F, rate);
        FloatVector corrections1 = FloatVector.broadcast(Simd.F, c1);
        FloatVector corrections2 = FloatVector.broadcast(Simd.F, c2);
        FloatVector decays = FloatVector.broadcast(Simd.F, decay);
        FloatVector epsilons = FloatVector.broadcast(Simd.F, eps);
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector up = FloatVector.fromArray(Simd.F, m, i).div(corrections1).mul(rates);
            FloatVector down = FloatVector.fromArray(Simd.F, v, i).div(corrections2).sqrt().add(epsilons);
            FloatVector value = FloatVector.fromArray(Simd.F, values, i);
            value.sub(value.mul(decays)).sub(up.div(down)).intoArray(values, i);
        }
        for (; i < count; i++) {
            float step = m[i] / c1 * rate / ((float) Math.sqrt(v[i] / c2) + eps);
            values[i] = values[i] - values[i] * decay - step;
        }
    }
}

package llams.engine.reference;

import java.lang.foreign.ValueLayout;
import llams.engine.graph.AdamW;
import llams.engine.graph.CompactAdamW;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.Codebook;
import llams.engine.tensor.DType;
import llams.engine.tensor.DynamicMap;
import llams.engine.tensor.Tensor;

/// [CompactAdamW] element by element.
final class ReferenceCompactAdamW {
    private ReferenceCompactAdamW() {}

    static void step(CompactAdamW op, Tensor[] in) {
        AdamW rule = op.rule();
        double norm = Math.sqrt(in[CompactAdamW.SQUARED_NORM].getFloat(0));
        if (!Double.isFinite(norm)) {
            return;
        }
        float gradScale = (float) (rule.clip() > 0 && norm > rule.clip() ? rule.clip() / (norm + 1e-6) : 1);
        float[] m = moments(in, CompactAdamW.M, CompactAdamW.M_SCALES, DynamicMap.SIGNED);
        float[] v = moments(in, CompactAdamW.V, CompactAdamW.V_SCALES, DynamicMap.UNSIGNED);
        Tensor param = in[CompactAdamW.PARAM];
        Tensor schedule = in[CompactAdamW.SCHEDULE];
        for (int i = 0; i < m.length; i++) {
            float g = in[CompactAdamW.GRADIENT].getFloat(i) * gradScale;
            m[i] = (float) rule.beta1() * m[i] + (float) (1 - rule.beta1()) * g;
            v[i] = (float) rule.beta2() * v[i] + (float) (1 - rule.beta2()) * g * g;
            float value = param.getFloat(i);
            value -= schedule.getFloat(3) * value;
            value -= schedule.getFloat(0) * (m[i] / schedule.getFloat(1))
                    / ((float) Math.sqrt(v[i] / schedule.getFloat(2)) + (float) rule.eps());
            if (param.dtype() == DType.BF16) {
                param.data().set(Tensor.I16, i * 2L, rounded(op, value, in[CompactAdamW.STEP].getInt(0), i));
            } else {
                param.setFloat(i, value);
            }
        }
        store(m, in, CompactAdamW.M, CompactAdamW.M_SCALES, DynamicMap.SIGNED);
        store(v, in, CompactAdamW.V, CompactAdamW.V_SCALES, DynamicMap.UNSIGNED);
    }

    private static short rounded(CompactAdamW op, float value, int step, long i) {
        if (!Float.isFinite(value)) {
            return BFloat16.fromFloat(value);
        }
        long random = op.rounding().bits(((long) step << 32) + (i >>> 2)) >>> 16 * (i & 3) & 0xffff;
        return (short) (Float.floatToRawIntBits(value) + (int) random >>> 16);
    }

    private static float[] moments(Tensor[] in, int at, int scales, Codebook book) {
        if (!CompactAdamW.isEightBit(in.length)) {
            return in[at].toFloats();
        }
        float[] values = new float[Math.toIntExact(in[at].elements())];
        for (int i = 0; i < values.length; i++) {
            int code = in[at].data().get(ValueLayout.JAVA_BYTE, i) & 0xff;
            values[i] = book.value(code) * in[scales].getFloat(i / DynamicMap.BLOCK);
        }
        return values;
    }

    private static void store(float[] values, Tensor[] in, int at, int scales, Codebook book) {
        for (int from = 0; from < values.length; from += DynamicMap.BLOCK) {
            int to = Math.min(values.length, from + DynamicMap.BLOCK);
            float scale = 0;
            for (int i = from; i < to; i++) {
                scale = Math.max(scale, Math.abs(values[i]));
            }
            for (int i = from; i < to; i++) {
                if (CompactAdamW.isEightBit(in.length)) {
                    int code = book.nearest(scale == 0 ? 0 : values[i] / scale);
                    in[at].data().set(ValueLayout.JAVA_BYTE, i, (byte) code);
                } else {
                    in[at].setFloat(i, values[i]);
                }
            }
            if (CompactAdamW.isEightBit(in.length)) {
                in[scales].setFloat(from / DynamicMap.BLOCK, scale);
            }
        }
    }
}

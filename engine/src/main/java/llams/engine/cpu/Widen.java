package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// Copies of weights as f32, exact for every dtype.
final class Widen {
    private Widen() {
    }

    /// Elements `from .. from+count-1` of `source` into `target[at ..]`.
    static void row(Tensor source, long from, int count, float[] target, int at) {
        MemorySegment data = source.data();
        switch (source.dtype()) {
            case F32 -> MemorySegment.copy(data, Tensor.F32, from * 4, target, at, count);
            case BF16 -> bf16(data, from, count, target, at);
            case F16 -> f16(data, from, count, target, at);
            case F64, I64, I32, I16, I8, U8, BOOL -> throw notAWeight(source.dtype());
        }
    }

    static IllegalArgumentException notAWeight(DType dtype) {
        return new IllegalArgumentException(dtype + " is not a weight type; wanted F32, BF16 or F16");
    }

    private static void bf16(MemorySegment data, long from, int count, float[] target, int at) {
        int i = 0;
        for (int bound = Simd.F.loopBound(count); i < bound; i += Simd.LANES) {
            Simd.loadBf16(data, from + i).intoArray(target, at + i);
        }
        for (; i < count; i++) {
            target[at + i] = BFloat16.toFloat(data.get(Tensor.I16, (from + i) * 2));
        }
    }

    private static void f16(MemorySegment data, long from, int count, float[] target, int at) {
        int i = 0;
        for (int bound = Simd.F.loopBound(count); i < bound; i += Simd.LANES) {
            Simd.loadF16(data, from + i).intoArray(target, at + i);
        }
        for (; i < count; i++) {
            target[at + i] = Float.float16ToFloat(data.get(Tensor.I16, (from + i) * 2));
        }
    }
}

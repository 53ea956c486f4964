package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import llams.engine.tensor.Codebook;
import llams.engine.tensor.DynamicMap;
import llams.engine.tensor.Tensor;

/// Blocks of [DynamicMap], widened and made.
record EightBitMoments(float[] values, NearestCode nearest) {
    static final EightBitMoments SIGNED = of(DynamicMap.SIGNED);
    static final EightBitMoments UNSIGNED = of(DynamicMap.UNSIGNED);

    private static EightBitMoments of(Codebook book) {
        return new EightBitMoments(book.values(), new NearestCode(book));
    }

    /// Elements `from .. from + count - 1`, one block.
    void load(Tensor codes, Tensor scales, long from, int count, float[] target) {
        MemorySegment data = codes.data();
        float scale = scales.getFloat(from / DynamicMap.BLOCK);
        for (int i = 0; i < count; i++) {
            target[i] = values[data.get(ValueLayout.JAVA_BYTE, from + i) & 0xff] * scale;
        }
    }

    /// Stores them; `source` becomes working memory.
    void store(float[] source, long from, int count, Tensor codes, Tensor scales) {
        int largest = 0;
        for (int i = 0; i < count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(source[i]) & Integer.MAX_VALUE);
        }
        float scale = Float.intBitsToFloat(largest);
        scales.setFloat(from / DynamicMap.BLOCK, scale);
        // Of a block of zeros, each is the code of zero.
        divide(source, count, largest == 0 ? 1 : scale);
        MemorySegment data = codes.data();
        for (int i = 0; i < count; i++) {
            data.set(ValueLayout.JAVA_BYTE, from + i, (byte) nearest.of(source[i]));
        }
    }

    private static void divide(float[] x, int count, float divisor) {
        FloatVector divisors = FloatVector.broadcast(Simd.F, divisor);
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector.fromArray(Simd.F, x, i).div(divisors).intoArray(x, i);
        }
        for (; i < count; i++) {
            x[i] /= divisor;
        }
    }
}

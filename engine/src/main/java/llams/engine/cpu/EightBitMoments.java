package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
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

    /// Elements `from .. from + count - 1`, one block, into `target`, to be multiplied by the scale of the block, which
    /// is returned.
    float load(Tensor codes, Tensor scales, long from, int count, float[] target) {
        decode(codes.data(), from, count, values, target);
        return scales.getFloat(from / DynamicMap.BLOCK);
    }

    private static void decode(MemorySegment codes, long from, int count, float[] values, float[] target) {
        for (int i = 0; i < count; i++) {
            target[i] = values[codes.get(ValueLayout.JAVA_BYTE, from + i) & 0xff];
        }
    }

    /// Stores them.
    ///
    /// @param keys working memory for `count`
    void store(float[] source, long from, int count, Tensor codes, Tensor scales, int[] keys) {
        int largest = largest(source, count);
        scales.setFloat(from / DynamicMap.BLOCK, Float.intBitsToFloat(largest));
        // In a block of zeros, each has the code of zero.
        keys(source, count, largest == 0 ? 1 : Float.intBitsToFloat(largest), keys);
        encode(keys, codes.data(), from, count);
    }

    /// The bits of the largest magnitude; a NaN is larger than all numbers.
    private static int largest(float[] x, int count) {
        IntVector largest = IntVector.zero(Simd.I);
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            IntVector bits = FloatVector.fromArray(Simd.F, x, i).reinterpretAsInts();
            largest = largest.max(bits.and(Integer.MAX_VALUE));
        }
        int most = largest.reduceLanes(VectorOperators.MAX);
        for (; i < count; i++) {
            most = Math.max(most, Float.floatToRawIntBits(x[i]) & Integer.MAX_VALUE);
        }
        return most;
    }

    /// The [NearestCode#key] of each quotient.
    private static void keys(float[] x, int count, float divisor, int[] keys) {
        FloatVector divisors = FloatVector.broadcast(Simd.F, divisor);
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            IntVector bits = FloatVector.fromArray(Simd.F, x, i).div(divisors).reinterpretAsInts();
            bits.lanewise(VectorOperators.XOR,
                    bits.lanewise(VectorOperators.ASHR, 31).lanewise(VectorOperators.LSHR, 1)).intoArray(keys, i);
        }
        for (; i < count; i++) {
            keys[i] = NearestCode.key(Float.floatToRawIntBits(x[i] / divisor));
        }
    }

    private void encode(int[] keys, MemorySegment codes, long from, int count) {
        for (int i = 0; i < count; i++) {
            codes.set(ValueLayout.JAVA_BYTE, from + i, (byte) nearest.of(keys[i]));
        }
    }
}

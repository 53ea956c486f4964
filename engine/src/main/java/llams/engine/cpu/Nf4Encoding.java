package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Tensor;

/// From numbers to [Nf4].
final class Nf4Encoding {
    /// What 8 bits can tell apart.
    private static final float LEVELS = 256;
    private static final float[] BORDERS = Nf4.VALUES.borders();

    private Nf4Encoding() {}

    /// The codes of elements `first .. first + count - 1` of `target`, from a block's first on, and their blocks' scales
    /// in full.
    ///
    /// @param scales of all blocks of `target`
    /// @throws ArithmeticException if a value is not finite
    static void codes(float[] values, long first, int count, float[] scales, Tensor target) {
        int[] codes = new int[Nf4.BLOCK];
        for (int from = 0; from < count; from += Nf4.BLOCK) {
            int elements = Math.min(Nf4.BLOCK, count - from);
            float scale = largest(values, from, elements);
            if (!Float.isFinite(scale)) {
                throw new ArithmeticException("a value that is not finite cannot be quantized");
            }
            scales[(int) ((first + from) / Nf4.BLOCK)] = scale;
            nearest(values, from, elements, scale, codes);
            pack(codes, elements, target.data(), (first + from) / 2);
        }
    }

    /// The largest magnitude; a NaN is larger than all numbers.
    private static float largest(float[] values, int from, int count) {
        int largest = 0;
        for (int i = from; i < from + count; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & Integer.MAX_VALUE);
        }
        return Float.intBitsToFloat(largest);
    }

    /// A code is the number of borders below the value. Codes of a block of zeros are those of zero.
    private static void nearest(float[] values, int from, int count, float scale, int[] codes) {
        float divisor = scale == 0 ? 1 : scale;
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            FloatVector x = FloatVector.fromArray(Simd.F, values, from + i).div(divisor);
            IntVector code = IntVector.zero(Simd.I);
            for (float border : BORDERS) {
                code = code.sub((IntVector) x.compare(VectorOperators.GT, border).cast(Simd.I).toVector());
            }
            code.intoArray(codes, i);
        }
        for (; i < count; i++) {
            codes[i] = Nf4.VALUES.nearest(values[from + i] / divisor);
        }
    }

    private static void pack(int[] codes, int count, MemorySegment target, long offsetBytes) {
        for (int i = 0; i < count; i += 2) {
            int second = i + 1 < count ? codes[i + 1] : 0;
            target.set(ValueLayout.JAVA_BYTE, offsetBytes + i / 2, (byte) (codes[i] << 4 | second));
        }
    }

    /// The scales of all blocks, in 8 bits.
    static void scales(float[] scales, Tensor target) {
        double sum = 0;
        for (float scale : scales) {
            sum += scale;
        }
        float mean = (float) (sum / Math.max(1, scales.length));
        MemorySegment data = target.data();
        long elements = target.elements();
        data.set(Tensor.F32, Nf4.meanOffset(elements), mean);
        for (int from = 0; from < scales.length; from += Nf4.GROUP) {
            int to = Math.min(scales.length, from + Nf4.GROUP);
            float most = 0;
            for (int i = from; i < to; i++) {
                most = Math.max(most, Math.abs(scales[i] - mean));
            }
            // Infinite where all are the mean: then each `q` is 0, and stands for the mean.
            float factor = LEVELS / (2 * most);
            data.set(Tensor.F32, Nf4.factorsOffset(elements) + from / Nf4.GROUP * Float.BYTES, factor);
            for (int i = from; i < to; i++) {
                double q = Math.clamp(Math.rint((double) ((scales[i] - mean) * factor)), -128, 127);
                data.set(ValueLayout.JAVA_BYTE, Nf4.scalesOffset(elements) + i, (byte) (int) q);
            }
        }
    }
}

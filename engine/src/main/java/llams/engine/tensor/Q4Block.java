package llams.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// One block of Q4_0, bit for bit GGML's `block_q4_0`: an f16 scale `d`, then 16 bytes of 32 numbers `q` from 0 to 15,
/// which stand for `d (q - 8)`. Byte i has element i in its lower half and element `i + 16` in its upper.
///
/// With the value of largest magnitude `max`, the first of several, `d = max / -8` in f32, and each `q` is its value
/// times `1 / d` (of the f32 `d`, not of the rounded one) plus 8.5, cut off, and 15 at most.
public final class Q4Block {
    /// Elements of a block.
    public static final int ELEMENTS = 32;
    /// Bytes of a block: two of the scale, half a byte an element.
    public static final int BYTES = 18;
    /// Where the elements begin in a block; the scale stands before them.
    public static final int FIRST = 2;
    private static final int HALF = ELEMENTS / 2;
    /// What stands for zero.
    private static final int ZERO = 8;

    private Q4Block() {}

    /// Quantizes `values[from .. from + 31]` into the block at `offsetBytes`.
    ///
    /// @throws ArithmeticException if a value is not finite, or its magnitude above 8 times the largest f16, which no
    ///                             block can hold
    public static void encode(float[] values, int from, MemorySegment target, long offsetBytes) {
        float max = 0;
        boolean isFinite = true;
        for (int i = from; i < from + ELEMENTS; i++) {
            isFinite &= Float.isFinite(values[i]);
            max = Math.abs(values[i]) > Math.abs(max) ? values[i] : max;
        }
        float d = max / -ZERO;
        short scale = Float.floatToFloat16(d);
        if (!isFinite || Float.isInfinite(Float.float16ToFloat(scale))) {
            throw new ArithmeticException(isFinite
                    ? "the value " + max + " is beyond what Q4_0 holds, 8 * 65504"
                    : "a value that is not finite cannot be quantized");
        }
        target.set(Tensor.I16, offsetBytes, scale);
        float inverse = d == 0 ? 0 : 1 / d;
        for (int i = 0; i < HALF; i++) {
            int low = code(values[from + i] * inverse);
            int high = code(values[from + HALF + i] * inverse);
            target.set(ValueLayout.JAVA_BYTE, offsetBytes + FIRST + i, (byte) (low | high << 4));
        }
    }

    /// Where `1 / d` overflows, the scale's f16 is zero: then all `q` are zero too, as in what GGML makes on x86 (its
    /// conversion is undefined).
    private static int code(float quotient) {
        return Float.isFinite(quotient) ? Math.min(15, (int) (quotient + ZERO + 0.5f)) : 0;
    }

    /// Element `index`, counted from the first block at the start of `data`.
    public static float decode(MemorySegment data, long index) {
        long block = index / ELEMENTS * BYTES;
        int i = (int) (index % ELEMENTS);
        int pair = data.get(ValueLayout.JAVA_BYTE, block + FIRST + i % HALF);
        int q = (i < HALF ? pair : pair >>> 4) & 15;
        return Float.float16ToFloat(data.get(Tensor.I16, block)) * (q - ZERO);
    }
}

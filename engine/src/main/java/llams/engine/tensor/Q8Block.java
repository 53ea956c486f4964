package llams.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// One block of Q8_0, bit for bit GGML's `block_q8_0`: an f16 scale `d`, then 32 signed bytes `q`, which stand for `d
/// q`.
///
/// With the largest magnitude `amax` of the 32 values, `d = amax / 127` in f32 and each `q` is its value times `1 / d`
/// (of the f32 `d`, not of the rounded one), rounded to nearest, halves away from zero. An element is off by `amax /
/// 225` at most (by more only where `d` is below the normal numbers of f16).
public final class Q8Block {
    /// Elements of a block.
    public static final int ELEMENTS = 32;
    /// Bytes of a block: two of the scale, one an element.
    public static final int BYTES = 34;
    /// Where the elements begin in a block; the scale stands before them.
    public static final int FIRST = 2;

    private static final short INFINITE = 0x7c00;
    /// The largest float below a half: added, with the sign of the value, before digits are cut off.
    private static final float BELOW_HALF = 0x1.fffffep-2f;

    private Q8Block() {}

    /// The scale of a block whose largest magnitude is `amax`, as f16.
    ///
    /// @throws ArithmeticException if `amax` is not finite or above 127 times the largest f16 (8.3 million), which no
    ///                             block can hold
    public static short scale(float amax) {
        short scale = Float.floatToFloat16(amax / 127);
        if ((scale & INFINITE) == INFINITE) {
            throw new ArithmeticException(!Float.isFinite(amax)
                    ? "a value that is not finite cannot be quantized"
                    : "the value of magnitude " + amax + " is beyond what Q8_0 holds, 127 * 65504");
        }
        return scale;
    }

    /// What values are multiplied by before they are rounded. Where that overflows, `d` is so small that its f16 is
    /// zero: then all `q` are zero too, as in what GGML makes on x86 (its conversion is undefined).
    public static float inverse(float amax) {
        float d = amax / 127;
        float inverse = 1 / d;
        return inverse <= Float.MAX_VALUE ? inverse : 0;
    }

    /// Quantizes `values[from .. from + 31]` into the block at `offsetBytes`.
    ///
    /// @throws ArithmeticException as [#scale]
    public static void encode(float[] values, int from, MemorySegment target, long offsetBytes) {
        // Magnitudes of floats are ordered as their bits are, with infinity and NaN above all numbers.
        int largest = 0;
        for (int i = from; i < from + ELEMENTS; i++) {
            largest = Math.max(largest, Float.floatToRawIntBits(values[i]) & 0x7fffffff);
        }
        float amax = Float.intBitsToFloat(largest);
        target.set(Tensor.I16, offsetBytes, scale(amax));
        float inverse = inverse(amax);
        for (int i = 0; i < ELEMENTS; i++) {
            float value = values[from + i] * inverse;
            target.set(ValueLayout.JAVA_BYTE, offsetBytes + FIRST + i,
                    (byte) (int) (value + Math.copySign(BELOW_HALF, value)));
        }
    }

    /// Element `index`, counted from the first block at the start of `data`.
    public static float decode(MemorySegment data, long index) {
        long block = index / ELEMENTS * BYTES;
        return Float.float16ToFloat(data.get(Tensor.I16, block))
                * data.get(ValueLayout.JAVA_BYTE, block + FIRST + index % ELEMENTS);
    }
}

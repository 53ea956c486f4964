package llams.engine.cpu;

import java.util.Arrays;
import llams.engine.tensor.Codebook;

/// Finds the nearest value of a [Codebook] in two look-ups. The upper half of a float's bits tells where it lies up to
/// one border; a comparison decides. Four gathered look-ups of a vector take as long as these one by one, on processors
/// that gather slowly (Zen).
final class NearestCode {
    private static final int HALF = 1 << 16;

    /// The lower code of all numbers with these upper bits.
    private final byte[] lower = new byte[HALF];
    /// The largest number with each code; of the last, none is larger.
    private final float[] borders;

    /// @throws IllegalArgumentException if two borders are closer than 1/128 of their size
    NearestCode(Codebook book) {
        float[] all = book.borders();
        borders = Arrays.copyOf(all, all.length + 1);
        borders[all.length] = Float.POSITIVE_INFINITY;
        for (int upper = 0; upper < HALF; upper++) {
            int one = book.nearest(Float.intBitsToFloat(upper << 16));
            int other = book.nearest(Float.intBitsToFloat(upper << 16 | HALF - 1));
            boolean isNumber = Float.isFinite(Float.intBitsToFloat(upper << 16));
            Guard.that(!isNumber || Math.abs(one - other) <= 1, "nearest code: values are too close");
            lower[upper] = (byte) Math.min(one, other);
        }
    }

    int of(float x) {
        int code = lower[Float.floatToRawIntBits(x) >>> 16] & 0xff;
        return code + (x > borders[code] ? 1 : 0);
    }
}

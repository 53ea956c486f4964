package llams.engine.cpu;

import llams.engine.tensor.Codebook;

/// Finds the nearest value of a [Codebook] in one look-up, without a branch: which of two neighbours it is is as good as
/// random, and a wrong guess costs more than all the rest.
///
/// A [#key] is a float's bits, so changed that larger numbers have larger ones. Numbers with the same upper half of their
/// key have one of two neighbouring codes, by whether the lower half exceeds that of a border. The table holds what,
/// added to the key, carries into its upper half from there on, and makes that half the code.
///
/// One look-up after the other: where processors gather slowly (Zen), vectors of them take as long.
final class NearestCode {
    private static final int HALF = 1 << 16;

    private final int[] addends = new int[HALF];

    /// @throws IllegalArgumentException if two borders are closer than 1/128 of their size
    NearestCode(Codebook book) {
        float[] borders = book.borders();
        for (int upper = 0; upper < HALF; upper++) {
            int least = upper << 16;
            int one = book.nearest(number(least));
            int other = book.nearest(number(least + HALF - 1));
            boolean isFinite = Float.isFinite(number(least)) && Float.isFinite(number(least + HALF - 1));
            Guard.that(!isFinite || other - one >> 1 == 0, "nearest code: values are too close");
            int lastOfOne = one < other && isFinite ? key(Float.floatToRawIntBits(borders[one])) & HALF - 1 : HALF - 1;
            addends[upper] = (one << 16) + (HALF - 1 - lastOfOne) - least;
        }
    }

    /// Of a number's bits.
    static int key(int bits) {
        return bits ^ bits >> 31 >>> 1;
    }

    private static float number(int key) {
        return Float.intBitsToFloat(key(key));
    }

    /// The code of the number with this key.
    int of(int key) {
        return key + addends[key >>> 16] >>> 16;
    }
}

package llams.engine.tensor;

import java.util.Arrays;

/// Numbers that stand for all others: each becomes the code of the nearest. Near means by the difference in F32; of two
/// that are equally near, the lower.
public final class Codebook {
    /// What the codes stand for, rising.
    private final float[] values;
    /// The largest number with each code but the last.
    private final float[] borders;

    /// @param values rising
    public Codebook(float... values) {
        this.values = values.clone();
        borders = new float[values.length - 1];
        for (int code = 0; code < borders.length; code++) {
            borders[code] = border(values[code], values[code + 1]);
        }
    }

    /// The largest number that is not nearer to `upper`: a few steps from the middle at most.
    private static float border(float lower, float upper) {
        float border = (lower + upper) / 2;
        while (isLower(Math.nextUp(border), lower, upper)) {
            border = Math.nextUp(border);
        }
        while (!isLower(border, lower, upper)) {
            border = Math.nextDown(border);
        }
        return border;
    }

    private static boolean isLower(float x, float lower, float upper) {
        return Math.abs(x - lower) <= Math.abs(x - upper);
    }

    /// A copy of what the codes stand for.
    public float[] values() {
        return values.clone();
    }

    /// A copy of the largest numbers of all codes but the last.
    public float[] borders() {
        return borders.clone();
    }

    public float value(int code) {
        return values[code];
    }

    /// The code of the value nearest to `x`: as many as there are borders below it.
    public int nearest(float x) {
        int at = Arrays.binarySearch(borders, x);
        return at >= 0 ? at : -at - 1;
    }
}

package llams.engine.tensor;

import java.util.Arrays;

/// Numbers in 8 bits, in blocks of 256 that share a scale, their largest magnitude (arXiv 2110.02861). A number is one of
/// 256 values times the scale of its block. The values lie densely near 1 and reach down to a millionth: for each of
/// seven decades the middles of equal parts of it, twice as many in each as in the one below.
public final class DynamicMap {
    /// Elements of a block; the last one of a tensor has what is left.
    public static final int BLOCK = 256;
    /// For numbers of both signs.
    public static final Codebook SIGNED = new Codebook(values(true));
    /// For numbers from zero on.
    public static final Codebook UNSIGNED = new Codebook(values(false));

    private DynamicMap() {}

    private static float[] values(boolean isSigned) {
        float[] values = new float[256];
        int count = 0;
        values[count++] = 0;
        values[count++] = 1;
        for (int i = 0; i < 7; i++) {
            int parts = 1 << (isSigned ? i : i + 1);
            for (int part = 0; part < parts; part++) {
                float value = (float) ((0.1 + 0.9 * (part + 0.5) / parts) * Double.parseDouble("1e" + (i - 6)));
                values[count++] = value;
                if (isSigned) {
                    values[count++] = -value;
                }
            }
        }
        Arrays.sort(values);
        return values;
    }

    /// Blocks of a tensor of this many elements.
    public static long blocks(long elements) {
        return Math.ceilDiv(elements, BLOCK);
    }
}

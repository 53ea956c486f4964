package llams.engine.tornado.kernels;

import llams.engine.tensor.DType;

/// How kernels widen 16-bit floats without reinterpreting bits, which some devices cannot: with `e` the bits above the
/// mantissa, the value is `scale[e] * (mantissa + one[e])`, exactly. Kernels get the mantissa's `bits` and where the
/// two tables stand among the constants.
///
/// @param isQuantized the weight is Q8_0, and its blocks' scales are these floats
public record Widening(int bits, int scales, int ones, boolean isQuantized) {
    private static final int BF16_BITS = 7;
    private static final int F16_BITS = 10;

    /// The tables of BF16, followed by those of F16, as constants.
    public static float[] tables() {
        float[] tables = new float[2 * (entries(BF16_BITS) + entries(F16_BITS))];
        fill(tables, 0, BF16_BITS, 8);
        fill(tables, 2 * entries(BF16_BITS), F16_BITS, 5);
        return tables;
    }

    /// @param tables where [#tables] start among the constants
    /// @throws IllegalArgumentException if the type has no 16-bit floats
    public static Widening of(DType dtype, int tables) {
        return switch (dtype) {
            case BF16 -> new Widening(BF16_BITS, tables, tables + entries(BF16_BITS), false);
            case F16, Q8_0 -> {
                int from = tables + 2 * entries(BF16_BITS);
                yield new Widening(F16_BITS, from, from + entries(F16_BITS), dtype == DType.Q8_0);
            }
            default -> throw new IllegalArgumentException("gpu: " + dtype + " has no floats of 16 bits");
        };
    }

    /// The variant of a kernel that reads these weights.
    public static Kernel choose(Widening widening, Kernel floats, Kernel halves, Kernel quantized) {
        return widening == null ? floats : widening.isQuantized ? quantized : halves;
    }

    /// True if the floats are BF16, which cuBLAS takes as they are.
    public boolean isBFloat16() {
        return bits == BF16_BITS;
    }

    private static int entries(int bits) {
        return 1 << 16 - bits;
    }

    private static void fill(float[] tables, int from, int bits, int exponentBits) {
        int entries = entries(bits);
        int bias = (1 << exponentBits - 1) - 1;
        int largest = (1 << exponentBits) - 1;
        for (int e = 0; e < entries; e++) {
            int exponent = e & largest;
            double scale = exponent == largest
                    ? Double.POSITIVE_INFINITY
                    : Math.scalb(1.0, Math.max(exponent, 1) - bias - bits);
            tables[from + e] = (float) (e > largest ? -scale : scale);
            tables[from + entries + e] = exponent == 0 ? 0 : 1 << bits;
        }
    }
}

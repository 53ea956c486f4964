package llams.engine.tensor;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/// GGML's definition of a Q8_0 block, in steps that share nothing with [Q8Block]: roundings by search and in double
/// precision.
public final class Q8Reference {
    private static final int LARGEST_HALF = 0x7bff;

    private Q8Reference() {}

    /// The 34 bytes of 32 values.
    public static byte[] block(float[] values, int from) {
        float amax = 0;
        for (int i = from; i < from + 32; i++) {
            amax = Math.abs(values[i]) > amax ? Math.abs(values[i]) : amax;
        }
        float d = (float) ((double) amax / 127.0);
        float id = d == 0 ? 0 : (float) (1.0 / (double) d);
        ByteBuffer block = ByteBuffer.allocate(34).order(ByteOrder.LITTLE_ENDIAN);
        block.putShort(nearestHalf(d));
        for (int i = from; i < from + 32; i++) {
            float scaled = (float) ((double) values[i] * id);
            double magnitude = Math.floor(Math.abs((double) scaled) + 0.5);
            // Where 1 / d overflows, x86 converts what is no int to 0x80000000, whose low byte is stored.
            block.put(Float.isInfinite(id) ? 0 : (byte) (scaled < 0 ? -magnitude : magnitude));
        }
        return block.array();
    }

    /// The f16 nearest to a value that is not negative, of two equally near the one with an even last bit; found by
    /// search.
    private static short nearestHalf(float value) {
        int low = 0;
        int high = LARGEST_HALF;
        while (high - low > 1) {
            int middle = low + high >>> 1;
            if (half(middle) <= value) {
                low = middle;
            } else {
                high = middle;
            }
        }
        double below = value - half(low);
        double above = half(high) - value;
        return (short) (below < above || below == above && low % 2 == 0 ? low : high);
    }

    private static double half(int bits) {
        int exponent = bits >> 10;
        double fraction = (bits & 0x3ff) / 1024.0;
        return exponent == 0 ? fraction * 0x1p-14 : (1 + fraction) * Math.pow(2, exponent - 15);
    }
}

package llams.engine.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import llams.engine.tensor.KBlock;
import llams.engine.tensor.Tensor;

/// Quantizes to Q4_K, Q5_K and Q6_K, bit for bit as GGML does without an importance matrix: every operation is rounded to f32,
/// in GGML's order. See [KBlock] for the form.
///
/// The scale of a group is searched, for the one that is best is seldom the one that reaches the largest value. For each
/// of some scales nearby, the values are rounded, and the scale that would have fitted these roundings best is found by
/// least squares; the best of all is taken. Then the scales are rounded themselves, and the values once more with them.
///
/// Holds scratch memory: one for each thread.
public final class KQuantizer {
    private static final int GROUPS = KBlock.ELEMENTS / KBlock.GROUP;
    private static final int SMALL_GROUPS = KBlock.ELEMENTS / KBlock.SMALL_GROUP;
    private static final int MOST_SCALE = 63;
    /// What stands for zero in 6 bits.
    private static final int MIDDLE = 32;
    private static final int SMALL_TRIES = 9;
    /// A group with no larger magnitude is all zeros.
    private static final float NOTHING = 1e-15f;
    /// Added to a float, it leaves the nearest whole number in the lowest bits, halves to even.
    private static final float ROUNDING = 12582912f;

    /// How the scales of Q4_K or Q5_K are searched: with `most` steps between a group's smallest and largest value, and
    /// then with more by `first`, `first + 0.1` and so on.
    private enum Search {
        Q4(15, -1, 20), Q5(31, -0.5f, 15);

        /// The largest code.
        final int most;
        final float first;
        final int tries;

        Search(int most, float first, int tries) {
            this.most = most;
            this.first = first;
            this.tries = tries;
        }
    }

    private final int[] codes = new int[KBlock.ELEMENTS];
    private final int[] tried = new int[KBlock.GROUP];
    private final float[] weights = new float[KBlock.GROUP];
    private final float[] scales = new float[SMALL_GROUPS];
    private final float[] minima = new float[GROUPS];
    private final byte[] bytes = new byte[KBlock.Q6_BYTES];
    private final MemorySegment block = MemorySegment.ofArray(bytes);

    /// Quantizes `x[from .. from + 255]` into the block of Q4_K at `offsetBytes`.
    ///
    /// @throws ArithmeticException if a value is not finite or too large
    public void encodeQ4(float[] x, int from, MemorySegment target, long offsetBytes) {
        search(Search.Q4, x, from);
        for (int i = 0; i < KBlock.ELEMENTS / 2; i++) {
            int low = low(i);
            bytes[KBlock.Q4_CODES + i] = (byte) (codes[low] | codes[low + KBlock.GROUP] << 4);
        }
        MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, offsetBytes, KBlock.Q4_BYTES);
    }

    /// Quantizes `x[from .. from + 255]` into the block of Q5_K at `offsetBytes`.
    ///
    /// @throws ArithmeticException as [#encodeQ4]
    public void encodeQ5(float[] x, int from, MemorySegment target, long offsetBytes) {
        search(Search.Q5, x, from);
        for (int i = 0; i < KBlock.ELEMENTS / 2; i++) {
            int low = low(i);
            bytes[KBlock.Q5_CODES + i] = (byte) (codes[low] & 15 | codes[low + KBlock.GROUP] << 4);
        }
        for (int i = 0; i < KBlock.GROUP; i++) {
            int fifths = 0;
            for (int group = 0; group < GROUPS; group++) {
                fifths |= codes[KBlock.GROUP * group + i] >> 4 << group;
            }
            bytes[KBlock.Q5_HIGH + i] = (byte) fifths;
        }
        MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, offsetBytes, KBlock.Q5_BYTES);
    }

    /// The element whose lower bits are the lower ones of byte `i`.
    private static int low(int i) {
        return i / KBlock.GROUP * 2 * KBlock.GROUP + i % KBlock.GROUP;
    }

    /// Finds the codes, and puts all but them into the block.
    private void search(Search search, float[] x, int from) {
        checkFinite(x, from);
        float largestScale = 0;
        float largestMinimum = 0;
        for (int group = 0; group < GROUPS; group++) {
            fit(search, x, from + KBlock.GROUP * group, group);
            largestScale = Math.max(largestScale, scales[group]);
            largestMinimum = Math.max(largestMinimum, minima[group]);
        }
        float perScale = largestScale > 0 ? MOST_SCALE / largestScale : 0;
        float perMinimum = largestMinimum > 0 ? MOST_SCALE / largestMinimum : 0;
        for (int group = 0; group < GROUPS; group++) {
            putScales(group, Math.min(MOST_SCALE, nearest(perScale * scales[group]) & 255),
                    Math.min(MOST_SCALE, nearest(perMinimum * minima[group]) & 255));
        }
        block.set(Tensor.I16, 0, half(largestScale / MOST_SCALE));
        block.set(Tensor.I16, KBlock.MINIMUM, half(largestMinimum / MOST_SCALE));
        float d = Float.float16ToFloat(block.get(Tensor.I16, 0));
        float dmin = Float.float16ToFloat(block.get(Tensor.I16, KBlock.MINIMUM));
        for (int group = 0; group < GROUPS; group++) {
            float scale = d * KBlock.scale(block, 0, group);
            float minimum = dmin * KBlock.minimum(block, 0, group);
            for (int i = KBlock.GROUP * group; scale != 0 && i < KBlock.GROUP * (group + 1); i++) {
                codes[i] = Math.clamp(nearest((x[from + i] + minimum) / scale), 0, search.most);
            }
        }
    }

    /// Where [KBlock#scale] and [KBlock#minimum] look for them; the first four groups come first.
    private void putScales(int group, int scale, int minimum) {
        int at = KBlock.SCALES + group;
        if (group < 4) {
            bytes[at] = (byte) scale;
            bytes[at + 4] = (byte) minimum;
        } else {
            bytes[at + 4] = (byte) (scale & 15 | (minimum & 15) << 4);
            bytes[at - 4] |= (byte) (scale >> 4 << 6);
            bytes[at] |= (byte) (minimum >> 4 << 6);
        }
    }

    /// Finds scale and minimum of 32 values, which count the more the larger they are: `x` is `scale q - minimum`.
    private void fit(Search search, float[] x, int from, int group) {
        int first = KBlock.GROUP * group;
        float squares = 0;
        for (int i = 0; i < KBlock.GROUP; i++) {
            squares += x[from + i] * x[from + i];
        }
        float mean = (float) Math.sqrt(squares / KBlock.GROUP);
        float min = x[from];
        float max = x[from];
        float sumW = 0;
        float sumX = 0;
        for (int i = 0; i < KBlock.GROUP; i++) {
            float value = x[from + i];
            weights[i] = mean + Math.abs(value);
            min = value < min ? value : min;
            max = value > max ? value : max;
            sumW += weights[i];
            sumX += weights[i] * value;
        }
        min = min > 0 ? 0 : min;
        if (max == min) {
            Arrays.fill(codes, first, first + KBlock.GROUP, 0);
            scales[group] = 0;
            minima[group] = -min;
            return;
        }
        // The offset that codes count from; values are rounded against the best one found so far.
        float best = min;
        float scale = 1 / (search.most / (max - min));
        round(x, from, search.most / (max - min), min, search.most);
        System.arraycopy(tried, 0, codes, first, KBlock.GROUP);
        float error = error(x, from, scale, min);
        for (int step = 0; step <= search.tries; step++) {
            round(x, from, (search.first + 0.1f * step + search.most) / (max - best), best, search.most);
            float sumL = 0;
            float sumLL = 0;
            float sumXL = 0;
            for (int i = 0; i < KBlock.GROUP; i++) {
                float weighted = weights[i] * tried[i];
                sumL += weighted;
                sumLL += weighted * tried[i];
                sumXL += weighted * x[from + i];
            }
            float determinant = sumW * sumLL - sumL * sumL;
            if (determinant > 0) {
                float triedScale = (sumW * sumXL - sumX * sumL) / determinant;
                float triedMin = (sumLL * sumX - sumL * sumXL) / determinant;
                if (triedMin > 0) {
                    triedMin = 0;
                    triedScale = sumXL / sumLL;
                }
                float triedError = error(x, from, triedScale, triedMin);
                if (triedError < error) {
                    System.arraycopy(tried, 0, codes, first, KBlock.GROUP);
                    error = triedError;
                    scale = triedScale;
                    best = triedMin;
                }
            }
        }
        scales[group] = scale;
        minima[group] = -best;
    }

    private void round(float[] x, int from, float perUnit, float min, int most) {
        for (int i = 0; i < KBlock.GROUP; i++) {
            tried[i] = Math.clamp(nearest(perUnit * (x[from + i] - min)), 0, most);
        }
    }

    private float error(float[] x, int from, float scale, float min) {
        float error = 0;
        for (int i = 0; i < KBlock.GROUP; i++) {
            float difference = scale * tried[i] + min - x[from + i];
            error += weights[i] * (difference * difference);
        }
        return error;
    }

    /// Quantizes `x[from .. from + 255]` into the block of Q6_K at `offsetBytes`.
    ///
    /// @throws ArithmeticException as [#encodeQ4]
    public void encodeQ6(float[] x, int from, MemorySegment target, long offsetBytes) {
        checkFinite(x, from);
        float largest = 0;
        for (int group = 0; group < SMALL_GROUPS; group++) {
            scales[group] = fitSmall(x, from + KBlock.SMALL_GROUP * group, group);
            largest = Math.abs(scales[group]) > Math.abs(largest) ? scales[group] : largest;
        }
        if (Math.abs(largest) < NOTHING) {
            target.asSlice(offsetBytes, KBlock.Q6_BYTES).fill((byte) 0);
            return;
        }
        float perScale = -128f / largest;
        block.set(Tensor.I16, KBlock.Q6_FACTOR, half(1 / perScale));
        float d = Float.float16ToFloat(block.get(Tensor.I16, KBlock.Q6_FACTOR));
        for (int group = 0; group < SMALL_GROUPS; group++) {
            bytes[KBlock.Q6_SCALES + group] = (byte) Math.min(127, nearest(perScale * scales[group]));
            float scale = d * bytes[KBlock.Q6_SCALES + group];
            for (int i = KBlock.SMALL_GROUP * group; scale != 0 && i < KBlock.SMALL_GROUP * (group + 1); i++) {
                codes[i] = Math.clamp(nearest(x[from + i] / scale), -MIDDLE, MIDDLE - 1) + MIDDLE;
            }
        }
        for (int half = 0; half < 2; half++) {
            for (int i = 0; i < 32; i++) {
                int at = 128 * half + i;
                int upper = 0;
                for (int quarter = 0; quarter < 4; quarter++) {
                    upper |= codes[at + 32 * quarter] >> 4 << 2 * quarter;
                }
                bytes[64 * half + i] = (byte) (codes[at] & 15 | (codes[at + 64] & 15) << 4);
                bytes[64 * half + 32 + i] = (byte) (codes[at + 32] & 15 | (codes[at + 96] & 15) << 4);
                bytes[KBlock.Q6_HIGH + 32 * half + i] = (byte) upper;
            }
        }
        MemorySegment.copy(bytes, 0, target, ValueLayout.JAVA_BYTE, offsetBytes, KBlock.Q6_BYTES);
    }

    /// The scale of 16 values, each of which counts by its square.
    private float fitSmall(float[] x, int from, int group) {
        float max = 0;
        for (int i = 0; i < KBlock.SMALL_GROUP; i++) {
            max = Math.abs(x[from + i]) > Math.abs(max) ? x[from + i] : max;
        }
        int first = KBlock.SMALL_GROUP * group;
        if (Math.abs(max) < NOTHING) {
            Arrays.fill(codes, first, first + KBlock.SMALL_GROUP, 0);
            return 0;
        }
        float scale = 0;
        float best = 0;
        // The scale that reaches the largest value comes first.
        for (int step = 0; step <= 2 * SMALL_TRIES; step++) {
            int change = step == 0 ? 0 : step <= SMALL_TRIES ? step - 1 - SMALL_TRIES : step - SMALL_TRIES;
            float perUnit = -(MIDDLE + 0.1f * change) / max;
            float sumXL = 0;
            float sumLL = 0;
            for (int i = 0; i < KBlock.SMALL_GROUP; i++) {
                float value = x[from + i];
                int code = Math.clamp(nearest(perUnit * value), -MIDDLE, MIDDLE - 1);
                float weight = value * value;
                sumXL += weight * value * code;
                sumLL += weight * code * code;
                tried[i] = code + MIDDLE;
            }
            if (step == 0 || sumLL > 0 && sumXL * sumXL > best * sumLL) {
                System.arraycopy(tried, 0, codes, first, KBlock.SMALL_GROUP);
                scale = sumLL != 0 ? sumXL / sumLL : 0;
                best = scale * sumXL;
            }
        }
        return scale;
    }

    private static void checkFinite(float[] x, int from) {
        for (int i = from; i < from + KBlock.ELEMENTS; i++) {
            if (!Float.isFinite(x[i])) {
                throw new ArithmeticException("a value that is not finite cannot be quantized");
            }
        }
    }

    private static short half(float value) {
        short half = Float.floatToFloat16(value);
        if (Float.isInfinite(Float.float16ToFloat(half))) {
            throw new ArithmeticException("the scale " + value + " is beyond what a block holds, 65504");
        }
        return half;
    }

    /// The nearest whole number, halves to even; of numbers beyond 2^22 something else.
    private static int nearest(float x) {
        return (Float.floatToRawIntBits(x + ROUNDING) & 0x007fffff) - 0x00400000;
    }
}

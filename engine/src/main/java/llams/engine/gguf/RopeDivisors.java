package llams.engine.gguf;

import java.util.Arrays;
import java.util.Optional;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.LlamaConfig.RopeScaling;
import llams.engine.llama.RopeTable;

/// Llama 3.1's stretching of the rotary frequencies as GGUF files have it: what each frequency is divided by, instead of
/// the four numbers that it follows from.
public final class RopeDivisors {
    /// The largest relative difference that two ways of rounding make.
    private static final double TOLERANCE = 1e-6;
    /// What all published models have. Only the ratios of the three that have to do with turns matter, so a model that
    /// has others can be described with the same lower one.
    private static final double LOW_FACTOR = 1;
    private static final double HIGH_FACTOR = 4;

    private RopeDivisors() {}

    /// `[headDim / 2]`, for a model that stretches its frequencies.
    public static float[] of(LlamaConfig config) {
        double[] stretched = RopeTable.frequencies(config);
        double[] plain = RopeTable.frequencies(config.withRope(config.ropeTheta(), null));
        float[] divisors = new float[plain.length];
        for (int i = 0; i < divisors.length; i++) {
            divisors[i] = (float) (plain[i] / stretched[i]);
        }
        return divisors;
    }

    /// A stretching that gives these divisors, if there is one. The largest is the factor. What lies between it and 1
    /// is blended by the turns that the pair makes in the original context, `1 / d = kept + (1 - kept) / factor` with
    /// `kept = (turns - low) / (high - low)`, so one such divisor gives the context, and two the higher factor too.
    ///
    /// @param divisors `[headDim / 2]`
    static Optional<RopeScaling> scaling(double theta, float[] divisors) {
        LlamaConfig config = LlamaConfig.standard(2 * divisors.length, 1, 1, 1, 1, 1);
        double[] plain = RopeTable.frequencies(config.withRope(theta, null));
        double factor = 0;
        for (float divisor : divisors) {
            factor = Math.max(factor, divisor);
        }
        if (!(factor > 0 && factor < Double.POSITIVE_INFINITY)) {
            return Optional.empty();
        }
        int[] blended = blended(divisors, factor);
        double high = HIGH_FACTOR;
        if (blended.length > 1) {
            double kept0 = kept(divisors[blended[0]], factor);
            double kept1 = kept(divisors[blended[blended.length - 1]], factor);
            double ratio = plain[blended[0]] / plain[blended[blended.length - 1]];
            // (1 + kept0 (high - 1)) = ratio (1 + kept1 (high - 1)), with low = 1
            high = nice(LOW_FACTOR + (ratio - 1) / (kept0 - ratio * kept1));
        }
        // The frequency that makes one turn in the original context.
        double turning = blended.length > 0
                ? plain[blended[0]] / (LOW_FACTOR + kept(divisors[blended[0]], factor) * (high - LOW_FACTOR))
                : border(plain, divisors, factor) / Math.sqrt(LOW_FACTOR * high);
        RopeScaling scaling = new RopeScaling(factor, LOW_FACTOR, high, nice(2 * Math.PI / turning));
        return high > LOW_FACTOR && isSame(divisors, of(config.withRope(theta, scaling)))
                ? Optional.of(scaling)
                : Optional.empty();
    }

    private static int[] blended(float[] divisors, double factor) {
        int[] blended = new int[divisors.length];
        int count = 0;
        for (int i = 0; i < divisors.length; i++) {
            if (divisors[i] > 1 && divisors[i] < factor) {
                blended[count++] = i;
            }
        }
        return Arrays.copyOf(blended, count);
    }

    private static double kept(double divisor, double factor) {
        return (1 / divisor - 1 / factor) / (1 - 1 / factor);
    }

    /// A frequency between those that are kept and those that are stretched.
    private static double border(double[] plain, float[] divisors, double factor) {
        int stretched = 0;
        while (divisors[stretched] < factor) {
            stretched++;
        }
        return stretched == 0 ? plain[0] * 1e6 : Math.sqrt(plain[stretched - 1] * plain[stretched]);
    }

    /// A whole number that is next to a computed one was meant.
    private static double nice(double computed) {
        return Math.abs(computed - Math.rint(computed)) < 1e-3 * Math.abs(computed) ? Math.rint(computed) : computed;
    }

    private static boolean isSame(float[] wanted, float[] found) {
        for (int i = 0; i < wanted.length; i++) {
            if (!(Math.abs(wanted[i] - found[i]) <= TOLERANCE * found[i])) {
                return false;
            }
        }
        return true;
    }
}

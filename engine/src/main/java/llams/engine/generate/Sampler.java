package llams.engine.generate;

import java.util.Arrays;
import llams.engine.tensor.CounterRandom;

/// Picks the next token from its scores.
public sealed interface Sampler {
    /// @param logits    score of each id, `[vocab]`; may be overwritten
    /// @param drawIndex number of the token that is picked, which a seeded sampler draws by
    int pick(float[] logits, long drawIndex);

    /// The usual choice of samplers: greedy at temperature 0.
    ///
    /// @param topK  0 for all
    /// @param topP  1 for all
    /// @param minP  0 for all
    /// @throws IllegalArgumentException if a setting is out of its range, naming it
    static Sampler of(double temperature, int topK, double topP, double minP, long seed) {
        check(temperature >= 0 && temperature < Double.POSITIVE_INFINITY, "temperature", temperature, "0 or more");
        check(topK >= 0, "top-k", topK, "0 (off) or more");
        check(topP > 0 && topP <= 1, "top-p", topP, "above 0 and at most 1");
        check(minP >= 0 && minP <= 1, "min-p", minP, "from 0 to 1");
        return temperature == 0 ? new Greedy() : new Filtered(temperature, topK, topP, minP, seed);
    }

    private static void check(boolean holds, String name, double value, String range) {
        if (!holds) {
            throw new IllegalArgumentException(name + " must be " + range + ", not " + value);
        }
    }

    /// The best score; the lowest id on ties.
    record Greedy() implements Sampler {
        @Override
        public int pick(float[] logits, long drawIndex) {
            int best = 0;
            for (int id = 1; id < logits.length; id++) {
                if (logits[id] > logits[best]) {
                    best = id;
                }
            }
            return best;
        }
    }

    /// A draw from `softmax(logits / temperature)`, cut in this order: the `topK` best; of those the fewest best that
    /// together reach `topP`; of those the ones at least `minP` times as probable as the best.
    record Filtered(double temperature, int topK, double topP, double minP, long seed) implements Sampler {
        @Override
        public int pick(float[] logits, long drawIndex) {
            int[] ids = candidates(logits);
            double[] weights = new double[ids.length];
            double total = 0;
            for (int i = 0; i < ids.length; i++) {
                weights[i] = Math.exp((logits[ids[i]] - logits[ids[0]]) / temperature);
                total += weights[i];
            }
            int kept = 0;
            double sum = 0;
            while (kept < ids.length && (kept == 0 || sum < topP * total && weights[kept] >= minP)) {
                sum += weights[kept++];
            }
            double draw = new CounterRandom(seed, 0).uniform(drawIndex) * sum;
            int at = 0;
            while (at < kept - 1 && draw >= weights[at]) {
                draw -= weights[at++];
            }
            return ids[at];
        }

        /// Ids by falling score, the lower id first on ties; the `topK` best, or those that are not hopelessly improbable.
        private int[] candidates(float[] logits) {
            float best = Float.NEGATIVE_INFINITY;
            for (float logit : logits) {
                best = Math.max(best, logit);
            }
            // Under e^-40 of the best, 200,000 ids together weigh less than the draw's resolution.
            double floor = best - 40 * temperature;
            long[] keys = new long[logits.length];
            int count = 0;
            for (int id = 0; id < logits.length; id++) {
                if (logits[id] >= floor) {
                    int bits = Float.floatToIntBits(logits[id]);
                    int rising = bits ^ bits >> 31 & 0x7fffffff;
                    keys[count++] = (long) ~rising << 32 | id;
                }
            }
            Arrays.sort(keys, 0, count);
            int[] ids = new int[topK == 0 ? count : Math.min(topK, count)];
            for (int i = 0; i < ids.length; i++) {
                ids[i] = (int) keys[i];
            }
            return ids;
        }
    }
}

package llams.engine.generate;

import java.util.Arrays;
import llams.engine.tensor.CounterRandom;

/// Picks the next token from its scores.
public sealed interface Sampler {
    /// @param logits    score of each id, `[vocab]`; may be overwritten
    /// @param drawIndex number of the token being picked, on which a seeded draw depends
    /// @throws IllegalStateException if the best score is not finite, for example because a weight is not
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

    private static float largest(float[] logits) {
        float largest = Float.NEGATIVE_INFINITY;
        for (float logit : logits) {
            largest = Math.max(largest, logit);
        }
        if (!Float.isFinite(largest)) {
            throw new IllegalStateException("the best score of the next token is " + largest
                    + ": a weight of the model or of its adapter is not finite, or too large");
        }
        return largest;
    }

    /// The best score; the lowest id on ties.
    record Greedy() implements Sampler {
        @Override
        public int pick(float[] logits, long drawIndex) {
            float best = largest(logits);
            int id = 0;
            while (logits[id] != best) {
                id++;
            }
            return id;
        }
    }

    /// A draw from `softmax(logits / temperature)`, cut in this order: the `topK` best; the fewest best of those that
    /// together reach `topP`; those of them at least `minP` times as probable as the best.
    ///
    /// Most of a large vocabulary is too improbable to matter: ids near the best are sorted first, and more only if the
    /// most that the others can weigh might change the pick.
    record Filtered(double temperature, int topK, double topP, double minP, long seed) implements Sampler {
        /// How far below the best score ids are considered, in temperatures, until the pick is certain. Below e^-40 of
        /// the best, 200,000 ids together weigh less than the draw's resolution.
        private static final int[] DEPTHS = {10, 20, 30, 40};

        @Override
        public int pick(float[] logits, long drawIndex) {
            float best = largest(logits);
            double draw = new CounterRandom(seed, 0).uniform(drawIndex);
            int[] ids = {};
            int at = 0;
            for (int depth : DEPTHS) {
                ids = candidates(logits, best - depth * temperature);
                double[] weights = new double[ids.length];
                for (int i = 0; i < ids.length; i++) {
                    weights[i] = StrictMath.exp((logits[ids[i]] - best) / temperature);
                }
                int others = (topK == 0 ? logits.length : Math.min(topK, logits.length)) - ids.length;
                at = place(weights, 0, draw);
                // The more the others weigh, the further down the pick: if it is the same for no weight and for the
                // most, it is certain.
                if (place(weights, others * StrictMath.exp(-depth), draw) == at) {
                    break;
                }
            }
            return ids[at];
        }

        /// The index of the pick among these descending weights; their count if the pick lies beyond them.
        ///
        /// @param rest total weight of what lies beyond them
        private int place(double[] weights, double rest, double draw) {
            double total = rest;
            for (double weight : weights) {
                total += weight;
            }
            int kept = 0;
            double sum = 0;
            while (kept < weights.length && (kept == 0 || sum < topP * total && weights[kept] >= minP)) {
                sum += weights[kept++];
            }
            if (kept == weights.length && sum < topP * total) {
                sum += rest;
            }
            double left = draw * sum;
            int at = 0;
            while (at < kept && left >= weights[at]) {
                left -= weights[at++];
            }
            return rest == 0 || kept < weights.length ? Math.min(at, kept - 1) : at;
        }

        /// Ids by descending score, the lower id first on ties: the `topK` best of those with at least this score.
        private int[] candidates(float[] logits, double floor) {
            long[] keys = new long[64];
            int count = 0;
            for (int id = 0; id < logits.length; id++) {
                if (logits[id] >= floor) {
                    if (count == keys.length) {
                        keys = Arrays.copyOf(keys, Math.min(2 * count, logits.length));
                    }
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

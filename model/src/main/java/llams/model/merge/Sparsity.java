package llams.model.merge;

import java.util.Arrays;
import llams.engine.tensor.CounterRandom;
import llams.model.merge.parts.Floats;

/// Which elements of a model's difference from the base remain; the others become 0.
sealed interface Sparsity {
    /// @param differences of the part that begins at element `begin`
    void apply(float[] differences, long begin, int count);

    /// All.
    record Whole() implements Sparsity {
        @Override
        public void apply(float[] differences, long begin, int count) {}
    }

    /// None.
    record Nothing() implements Sparsity {
        @Override
        public void apply(float[] differences, long begin, int count) {
            Arrays.fill(differences, 0, count, 0);
        }
    }

    /// A random share, scaled up so that the sum stays the same on average (DARE, arXiv 2311.03099).
    ///
    /// @param random  of the model and the tensor: an element's number does not depend on the threads
    /// @param density the share that remains
    record Drop(CounterRandom random, double density) implements Sparsity {
        @Override
        public void apply(float[] differences, long begin, int count) {
            float share = (float) density;
            for (int i = 0; i < count; i++) {
                differences[i] = random.uniform(begin + i) < density ? differences[i] / share : 0;
            }
        }
    }

    /// The largest (the trimming of TIES, arXiv 2306.01708); among equals, the first. See [Trimming].
    ///
    /// @param smallest    bits of the smallest magnitude that remains
    /// @param equals      how many elements of just that magnitude remain
    /// @param equalsAhead how many elements of that magnitude come before each part; null if all of them remain
    record Trim(int smallest, long equals, long[] equalsAhead) implements Sparsity {
        @Override
        public void apply(float[] differences, long begin, int count) {
            if (equalsAhead == null) {
                for (int i = 0; i < count; i++) {
                    differences[i] = Trimming.magnitude(differences[i]) >= smallest ? differences[i] : 0;
                }
                return;
            }
            long seen = equalsAhead[(int) (begin / Floats.CAPACITY)];
            for (int i = 0; i < count; i++) {
                int magnitude = Trimming.magnitude(differences[i]);
                if (magnitude < smallest || magnitude == smallest && seen++ >= equals) {
                    differences[i] = 0;
                }
            }
        }
    }
}

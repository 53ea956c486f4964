package llams.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// Which ids a sampler can pick, and how often.
class SamplerTest {
    /// Probabilities 0.5, 0.25, 0.125, 0.1, 0.025 at temperature 1, not in order.
    private static final double[] PROBABILITIES = {0.1, 0.5, 0.025, 0.25, 0.125};
    private static final int DRAWS = 20_000;

    private static float[] logits() {
        float[] logits = new float[PROBABILITIES.length];
        for (int id = 0; id < logits.length; id++) {
            logits[id] = (float) (Math.log(PROBABILITIES[id]) + 3);
        }
        return logits;
    }

    private static int[] counts(Sampler sampler) {
        int[] counts = new int[PROBABILITIES.length];
        for (int draw = 0; draw < DRAWS; draw++) {
            counts[sampler.pick(logits(), draw)]++;
        }
        return counts;
    }

    private static Set<Integer> picked(Sampler sampler) {
        Set<Integer> picked = new TreeSet<>();
        int[] counts = counts(sampler);
        for (int id = 0; id < counts.length; id++) {
            if (counts[id] > 0) {
                picked.add(id);
            }
        }
        return picked;
    }

    @Test
    void temperature1DrawsByTheProbabilities() {
        int[] counts = counts(Sampler.of(1, 0, 1, 0, 5));
        for (int id = 0; id < counts.length; id++) {
            double deviation = Math.sqrt(DRAWS * PROBABILITIES[id] * (1 - PROBABILITIES[id]));
            assertEquals(DRAWS * PROBABILITIES[id], counts[id], 5 * deviation, "id " + id);
        }
    }

    @Test
    void aLowTemperatureSharpens() {
        int[] counts = counts(Sampler.of(0.5, 0, 1, 0, 5));
        double best = 0.25 / (0.25 + 0.0625 + 0.015625 + 0.01 + 0.000625);
        assertEquals(best, counts[1] / (double) DRAWS, 0.02);
    }

    @Test
    void temperature0TakesTheBestAndTheFirstOfEqualOnes() {
        assertEquals(new Sampler.Greedy(), Sampler.of(0, 5, 0.5, 0.5, 1));
        assertEquals(1, new Sampler.Greedy().pick(new float[] {1, 3, 3, 2}, 0));
    }

    @Test
    void topKKeepsTheKBest() {
        assertEquals(Set.of(1, 3), picked(Sampler.of(1, 2, 1, 0, 5)));
        assertEquals(Set.of(1), picked(Sampler.of(1, 1, 1, 0, 5)));
    }

    @Test
    void topPKeepsTheFewestThatReachIt() {
        assertEquals(Set.of(1), picked(Sampler.of(1, 0, 0.5, 0, 5)));
        assertEquals(Set.of(1, 3), picked(Sampler.of(1, 0, 0.51, 0, 5)));
        assertEquals(Set.of(1, 3, 4), picked(Sampler.of(1, 0, 0.8, 0, 5)));
    }

    @Test
    void minPKeepsThoseNearTheBest() {
        assertEquals(Set.of(1, 3), picked(Sampler.of(1, 0, 1, 0.4, 5)));
        assertEquals(Set.of(0, 1, 3, 4), picked(Sampler.of(1, 0, 1, 0.1, 5)));
    }

    @Test
    void aSeedRepeatsAndAnotherDiffers() {
        Sampler one = Sampler.of(1, 0, 1, 0, 5);
        Sampler same = Sampler.of(1, 0, 1, 0, 5);
        Sampler other = Sampler.of(1, 0, 1, 0, 6);
        int different = 0;
        for (int draw = 0; draw < 200; draw++) {
            assertEquals(one.pick(logits(), draw), same.pick(logits(), draw));
            different += one.pick(logits(), draw) == other.pick(logits(), draw) ? 0 : 1;
        }
        assertTrue(different > 50, different + " of 200 differ");
    }

    @Test
    void impossibleSettingsAreNamed() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(-1, 0, 1, 0, 1)).getMessage().contains("temperature"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(1, -1, 1, 0, 1)).getMessage().contains("top-k"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(1, 0, 0, 0, 1)).getMessage().contains("top-p"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(1, 0, 1, 2, 1)).getMessage().contains("min-p"));
    }
}

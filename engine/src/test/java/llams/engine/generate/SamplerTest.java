package llams.engine.generate;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import llams.engine.tensor.CounterRandom;
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

    /// What the definition says, with every id in order.
    private static int pickedOfAll(Sampler.Filtered sampler, float[] logits, long drawIndex) {
        List<Integer> ids = new ArrayList<>();
        for (int id = 0; id < logits.length; id++) {
            ids.add(id);
        }
        ids.sort(Comparator.comparingDouble(id -> -logits[id]));
        int count = sampler.topK() == 0 ? ids.size() : Math.min(sampler.topK(), ids.size());
        double[] weights = new double[count];
        double total = 0;
        for (int i = 0; i < count; i++) {
            weights[i] = Math.exp(((double) logits[ids.get(i)] - logits[ids.get(0)]) / sampler.temperature());
            total += weights[i];
        }
        double sum = 0;
        int kept = 0;
        while (kept < count && (kept == 0 || sum < sampler.topP() * total && weights[kept] >= sampler.minP())) {
            sum += weights[kept++];
        }
        double draw = new CounterRandom(sampler.seed(), 0).uniform(drawIndex) * sum;
        int at = 0;
        while (at < kept - 1 && draw >= weights[at]) {
            draw -= weights[at++];
        }
        return ids.get(at);
    }

    @Test
    void scoresThatAreNotFiniteAreAnError() {
        for (Sampler sampler : new Sampler[] {new Sampler.Greedy(), Sampler.of(0.8, 0, 0.95, 0, 1)}) {
            for (float bad : new float[] {Float.NaN, Float.POSITIVE_INFINITY}) {
                for (int at = 0; at < 3; at++) {
                    float[] logits = {1, 2, 3};
                    logits[at] = bad;
                    assertThrows(IllegalStateException.class, () -> sampler.pick(logits, 0));
                }
            }
        }
    }

    @Test
    void leavingOutTheImprobableChangesNothing() {
        SplittableRandom random = new SplittableRandom(3);
        double[][] settings = {{1, 0, 1, 0}, {0.8, 0, 0.95, 0}, {0.3, 0, 0.999999, 0}, {0.7, 50, 1, 0},
                {1.5, 700, 0.9, 0.01}, {1, 0, 1, 1e-6}, {4, 0, 0.9999, 0}, {0.05, 0, 1, 0}};
        for (double spread : new double[] {0.01, 1, 3, 10}) {
            float[] logits = new float[2000];
            for (int id = 0; id < logits.length; id++) {
                // Some are equal.
                logits[id] = Math.round(random.nextGaussian() * spread * 64) / 64f
                        + (id < 5 ? (float) (spread * 4) : 0);
            }
            for (double[] s : settings) {
                Sampler.Filtered sampler = new Sampler.Filtered(s[0], (int) s[1], s[2], s[3], 11);
                for (int draw = 0; draw < 100; draw++) {
                    assertEquals(pickedOfAll(sampler, logits, draw), sampler.pick(logits, draw),
                            spread + " " + sampler + " " + draw);
                }
            }
        }
    }

    @Test
    void impossibleSettingsAreNamed() {
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(-1, 0, 1, 0, 1)).getMessage()
                .contains("temperature"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(1, -1, 1, 0, 1)).getMessage()
                .contains("top-k"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(1, 0, 0, 0, 1)).getMessage()
                .contains("top-p"));
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Sampler.of(1, 0, 1, 2, 1)).getMessage()
                .contains("min-p"));
    }
}

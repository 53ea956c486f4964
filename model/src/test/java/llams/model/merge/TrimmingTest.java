package llams.model.merge;

import java.io.IOException;
import java.lang.foreign.Arena;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Random;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Trimming over several parts and threads leaves what sorting would: the largest differences, of equals the first.
class TrimmingTest {
    private static final int ELEMENTS = 3 * Floats.CAPACITY + 17;

    @ParameterizedTest
    @ValueSource(longs = {0, 1, 2, 1000, ELEMENTS / 2, ELEMENTS - 1, ELEMENTS})
    void asSortingWould(long keep) throws IOException {
        Random random = new Random(3);
        try (Arena arena = Arena.ofShared();
                PartWorkers<Workspace> workers = new PartWorkers<>(3, () -> new Workspace(arena, 2))) {
            Tensor base = Tensor.allocate(arena, DType.F32, Shape.of(ELEMENTS));
            Tensor model = Tensor.allocate(arena, DType.F32, Shape.of(ELEMENTS));
            float[] expected = new float[ELEMENTS];
            for (int i = 0; i < ELEMENTS; i++) {
                // Few different values, so that there are equals everywhere; zeros of both signs too.
                expected[i] = Math.round(8 * random.nextGaussian()) * 0.125f;
                model.setFloat(i, expected[i]);
            }
            Integer[] order = new Integer[ELEMENTS];
            Arrays.setAll(order, i -> i);
            Arrays.sort(order, Comparator.comparingDouble(i -> -Math.abs(expected[i])));
            for (long place = keep; place < ELEMENTS; place++) {
                expected[order[(int) place]] = 0;
            }
            Sparsity trim = Trimming.largest(keep, base, model, workers);
            float[] actual = model.toFloats();
            for (int begin = 0; begin < ELEMENTS; begin += Floats.CAPACITY) {
                float[] part = Arrays.copyOfRange(actual, begin, Math.min(begin + Floats.CAPACITY, ELEMENTS));
                trim.apply(part, begin, part.length);
                System.arraycopy(part, 0, actual, begin, part.length);
            }
            for (int i = 0; i < ELEMENTS; i++) {
                actual[i] += 0f; // no zeros below zero
                expected[i] += 0f;
            }
            assertArrayEquals(expected, actual);
        }
    }
}

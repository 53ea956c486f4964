package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import org.junit.jupiter.api.Test;

/// `random.Random(seed).sample(range(population), count)` in Python 3.11.
class ExamplesAreThoseOfPythonTest {
    @Test
    void theSameSeedDrawsTheSame() {
        PythonRandom random = new PythonRandom(1234);
        assertEquals(List.of(3, 0, 4, 2, 1), random.sample(5, 5));
        assertEquals(List.of(0, 4, 1, 3, 2), random.sample(5, 5));
        assertEquals(List.of(3, 2, 44), random.sample(100, 3));
        assertEquals(List.of(15867, 15189, 4867, 2991, 5999, 3749, 479, 16485), random.sample(20000, 8));
    }

    @Test
    void aSeedOfTwoDigits() {
        PythonRandom random = new PythonRandom(5_000_000_000L);
        assertEquals(List.of(2, 19), random.sample(22, 2));
        assertEquals(List.of(1, 61, 39, 59, 54, 73), random.sample(84, 6));
        assertEquals(List.of(74, 16, 53, 63, 23, 45), random.sample(86, 6));
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Saves come after some steps or some time, and change nothing about the numbers.
class IntervalTest {
    @TempDir
    Path directory;

    @Test
    void stepsTimeAndNever() {
        Duration hour = Duration.ofHours(1);
        assertTrue(Interval.parse("saveEvery", "3").isDue(6, Duration.ZERO));
        assertFalse(Interval.parse("saveEvery", "3").isDue(7, hour));
        assertTrue(Interval.parse("saveEvery", "60m").isDue(7, hour));
        assertFalse(Interval.parse("saveEvery", "61m").isDue(7, hour));
        assertFalse(Interval.parse("saveEvery", "0").isDue(7, hour));
        assertFalse(Interval.parse("saveEvery", "0m").isDue(7, hour));
        assertFalse(Interval.OF_SAVES.isDue(7, Duration.ofSeconds(599)));
        assertTrue(Interval.OF_SAVES.isDue(7, Duration.ofSeconds(600)));
    }

    @Test
    void theMostSavesOfARun() {
        assertEquals(0, Interval.parse("saveEvery", "0").most(100));
        assertEquals(10, Interval.parse("saveEvery", "10").most(100), "nine on the way and the last step's");
        assertEquals(11, Interval.parse("saveEvery", "10").most(101));
        assertEquals(100, Interval.OF_SAVES.most(100));
        assertEquals(1, Interval.parse("saveEvery", "10").most(1));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0", "1", "500", "10m", "90m"})
    void whatIsPrintedIsRead(String text) {
        assertEquals(text, Interval.parse("saveEvery", text).toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "1.5", "10s", "m", "10 m", "9999999999"})
    void anythingElseIsRefusedByName(String text) {
        String message = assertThrows(IllegalArgumentException.class, () -> Interval.parse("saveEvery", text))
                .getMessage();
        assertTrue(message.startsWith("`saveEvery` must be steps, such as 500, or minutes, such as 10m"), message);
    }

    @Test
    void byTimeARunSavesWhenTheTimeIsUp() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        assertEquals(List.of(1, 2, 3, 4, 5, 6), savesOf(new Interval(0, Duration.ofNanos(1)), model, "each"));
        assertEquals(List.of(), savesOf(new Interval(0, Duration.ofHours(1)), model, "none"));
        assertEquals(SmallRun.results(directory.resolve("none")), SmallRun.results(directory.resolve("each")));
    }

    /// The steps after which there was a save before the run ended, as the step's report found it.
    private List<Integer> savesOf(Interval every, Path model, String name) throws IOException {
        TrainSettings s = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0);
        TrainSettings settings = s.withSaves(every, 2);
        Path out = directory.resolve(name);
        List<Integer> saves = new ArrayList<>();
        SmallRun.run(settings, model, out, false, report -> {
            if (Files.exists(Saves.directory(out, report.step() + 1))) {
                saves.add(report.step() + 1);
            }
        });
        return saves;
    }
}

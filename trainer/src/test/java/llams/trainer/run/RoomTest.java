package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// What a run will need of its disk is known before its first step.
class RoomTest {
    /// The headers of the files with the tensors' names.
    private static final long HEADERS = 80_000;
    private static final Path OUT = Path.of("out");

    @TempDir
    Path directory;

    @Test
    void theResultAndAsManySavesAsThereCanBeMustFit() {
        assertEquals(10, new Room(10, false, 30, 0, 2).bytes(), "without saves");
        assertEquals(10 + 30, new Room(10, false, 30, 1, 2).bytes(), "one save");
        assertEquals(10 + 3 * 30, new Room(10, false, 30, 100, 2).bytes(), "those that are kept, and one more");
        assertEquals(2 * 10 + 30, new Room(10, true, 30, 1, 2).bytes(), "the best model");
        assertTrue(new Room(10, false, 1L << 50, 1L << 40, Integer.MAX_VALUE).bytes() > 1L << 59, "no overflow");
    }

    @Test
    void theMessageNamesTheSettingsThatFit() throws IOException {
        Room room = new Room(2_000_000, false, 10_000_000, 100, 4);
        assertDoesNotThrow(() -> room.check(OUT, 52_000_000));
        assertEquals("out: the run needs 52.0 MB on this disk (the result 2.0 MB, a save 10.0 MB, up to 5 of them"
                + " at a time), and it has"
                + " 30.0 MB; free some, or choose another `out`, or `keep 1` (22.0 MB), or `saveEvery 0` (2.0 MB)",
                message(room, 30_000_000));
        assertTrue(message(room, 3_000_000).endsWith("another `out`, or `saveEvery 0` (2.0 MB)"));
        assertTrue(message(new Room(2_000_000, true, 10_000_000, 2, 4), 23_000_000).endsWith(
                "(the result 2.0 MB, the best model as much, a save 10.0 MB, up to 2 of them at a time), and it has"
                        + " 23.0 MB; free some, or choose another `out`, or `saveEvery 0` (4.0 MB), or no `keepBest` (22.0 MB)"));
        assertTrue(message(room, 1_000_000).endsWith("free some, or choose another `out`"));
    }

    private static String message(Room room, long usableBytes) {
        return assertThrows(IOException.class, () -> room.check(OUT, usableBytes)).getMessage();
    }

    static Stream<LoraConfig> methods() {
        return Stream.of(SmallRun.LORA, null);
    }

    /// The forecast is what is there in the end, but for headers and small files.
    @ParameterizedTest
    @MethodSource("methods")
    void theForecastIsWhatTheRunLeaves(LoraConfig lora) throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("run");
        TrainSettings settings = SmallRun.settings(lora, 1e-2, 1, 2).withEvalEvery(Interval.steps(3));
        long[] forecast = new long[1];
        SmallRun.run(settings, model, SmallRun.data(), out, run -> {
            run.watched(Watch.NONE.withBest(true, 0), null);
            forecast[0] = run.room().bytes();
            return run.run(false, report -> {});
        });
        try (Stream<Path> all = Files.walk(out)) {
            long left = all.filter(file -> file.toString().endsWith(".safetensors"))
                    .mapToLong(file -> file.toFile().length())
                    .sum();
            assertTrue(left >= forecast[0] && left < forecast[0] + HEADERS,
                    "forecast " + forecast[0] + ", left " + left);
        }
    }
}

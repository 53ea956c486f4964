package llams.trainer;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.trainer.lora.LoraConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// A run that stops and goes on gives, bit for bit, what it would have given without stopping.
class ResumeEqualsUninterruptedTest {
    /// Ends a run the way a kill does: nothing after the step's report happens.
    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @TempDir
    Path directory;

    static Stream<LoraConfig> methods() {
        return Stream.of(SmallRun.LORA, null);
    }

    private static FineTune.Listener killedAfter(int step) {
        return report -> {
            if (report.step() == step) {
                throw new Killed();
            }
        };
    }

    @ParameterizedTest
    @MethodSource("methods")
    void bitForBit(LoraConfig lora) throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path straight = directory.resolve("straight");
        List<Double> losses = new ArrayList<>();
        SmallRun.run(SmallRun.settings(lora, 1e-2, 1, 0), model, straight, false, report -> losses.add(report.loss()));

        Path broken = directory.resolve("broken");
        TrainSettings saving = SmallRun.settings(lora, 1e-2, 1, 2);
        // Killed a step after a save: that step is made again.
        assertThrows(Killed.class, () -> SmallRun.run(saving, model, broken, false, killedAfter(2)));
        assertThrows(Killed.class, () -> SmallRun.run(saving, model, broken, true, killedAfter(5)));
        List<Double> rest = new ArrayList<>();
        SmallRun.run(saving, model, broken, true, report -> rest.add(report.loss()));

        assertEquals(losses.subList(SmallRun.STEPS - rest.size(), SmallRun.STEPS), rest);
        assertEquals(1, rest.size(), "the newest save is that of 6 steps");
        assertFalse(SmallRun.results(straight).isEmpty());
        assertEquals(SmallRun.results(straight), SmallRun.results(broken));
        try (Stream<String> lines = Files.lines(broken.resolve("train.jsonl"))) {
            assertEquals(SmallRun.STEPS, lines.count(), "each step stands in the log once");
        }
    }

    @Test
    void aSaveGoesOnOnlyInItsOwnRun() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        assertThrows(Killed.class, () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), model, out, false, killedAfter(2)));
        IOException otherSeed = assertThrows(IOException.class,
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 2, 2), model, out, true, report -> {
                }));
        assertTrue(otherSeed.getMessage().contains("other settings, data or model"), otherSeed.getMessage());
        IOException again = assertThrows(IOException.class,
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), model, out, false, report -> {
                }));
        assertTrue(again.getMessage().contains("--resume"), again.getMessage());
    }
}

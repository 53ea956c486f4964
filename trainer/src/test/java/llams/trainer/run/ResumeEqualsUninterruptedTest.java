package llams.trainer.run;

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
import llams.engine.io.AtomicFiles;
import llams.model.files.DirectoryLock;
import llams.model.lora.LoraConfig;
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

    private static TrainingRun.Listener killedAfter(int step) {
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

    @ParameterizedTest
    @MethodSource("methods")
    void aRunThatIsToldToStopSavesItsStep(LoraConfig lora) throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path straight = directory.resolve("straight");
        TrainSettings neverSaving = SmallRun.settings(lora, 1e-2, 1, 0);
        SmallRun.run(neverSaving, model, straight, false, report -> {});
        Path stopped = directory.resolve("stopped");
        TrainingRun.Report last = SmallRun.run(neverSaving, model, SmallRun.data(), stopped,
                run -> run.run(false, report -> {
                    if (report.step() == 2) {
                        run.stop();
                    }
                }));
        assertEquals(3, last.step());
        assertFalse(last.isLast());
        assertEquals(Saves.directory(stopped, 4), RunDirectory.newestSave(stopped).orElseThrow());
        assertTrue(SmallRun.results(stopped).isEmpty());

        List<Integer> rest = new ArrayList<>();
        assertTrue(SmallRun.run(neverSaving, model, stopped, true, report -> rest.add(report.step())).isLast());
        assertEquals(List.of(4, 5, 6), rest);
        assertEquals(SmallRun.results(straight), SmallRun.results(stopped));
    }

    /// It may take hours, and decides nothing here.
    @Test
    void aRunThatIsToldToStopDoesNotMeasure() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0).withEvalEvery(Interval.steps(1));
        List<Double> losses = new ArrayList<>();
        SmallRun.run(settings, model, SmallRun.data(), directory.resolve("out"), run -> run.run(false, report -> {
            losses.add(report.evalLoss());
            if (report.step() == 1) {
                run.stop();
            }
        }));
        assertEquals(List.of(false, false, true), losses.stream().map(loss -> Double.isNaN(loss)).toList());
    }

    @Test
    void whatAKilledRunHadHalfWrittenDoesNotHinder() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2);
        Path straight = directory.resolve("straight");
        SmallRun.run(settings, model, straight, false, report -> {});
        // Killed while it wrote its first save, and later while it wrote its result.
        Path killed = directory.resolve("killed");
        Path save = AtomicFiles.temporaryFor(Saves.directory(killed, 2));
        Files.createDirectories(save);
        Files.write(save.resolve("state.safetensors"), new byte[3]);
        Files.writeString(killed.resolve("train.jsonl"), "{\"step\": 0, \"ste");
        Files.writeString(killed.resolve(DirectoryLock.FILE), "1");
        IOException fresh = assertThrows(IOException.class,
                () -> SmallRun.run(settings, model, killed, false, report -> {}));
        assertTrue(fresh.getMessage().contains("not empty"), fresh.getMessage());
        assertThrows(Killed.class, () -> SmallRun.run(settings, model, killed, true, killedAfter(5)));
        assertFalse(Files.exists(save));
        Path result = Files.write(AtomicFiles.temporaryFor(killed.resolve("adapter_model.safetensors")), new byte[3]);
        SmallRun.run(settings, model, killed, true, report -> {});
        assertFalse(Files.exists(result));
        assertEquals(SmallRun.results(straight), SmallRun.results(killed));
    }

    @Test
    void aSaveGoesOnOnlyInItsOwnRun() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        assertThrows(Killed.class,
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), model, out, false, killedAfter(2)));
        IOException otherSeed = assertThrows(IOException.class,
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 2, 2), model, out, true, report -> {}));
        assertTrue(otherSeed.getMessage().contains("other settings, data or model"), otherSeed.getMessage());
        IOException again = assertThrows(IOException.class,
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), model, out, false, report -> {}));
        assertTrue(again.getMessage().contains("`resume`"), again.getMessage());
    }
}

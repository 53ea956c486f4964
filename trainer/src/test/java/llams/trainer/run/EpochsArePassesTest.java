package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// An epoch trains on every document once: its last step has what is left over, and its loss is the mean over its own
/// tokens.
class EpochsArePassesTest {
    @TempDir
    Path directory;

    private Path model;

    @BeforeEach
    void makeModel() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
    }

    /// Document d has `10 + 2^d` tokens, so the tokens of a step tell which documents it has.
    private static PackedDataset data(int documents) {
        List<Document> all = new ArrayList<>();
        for (int d = 0; d < documents; d++) {
            int[] ids = IntStream.range(0, 10 + (1 << d)).map(i -> 3 + i % 40).toArray();
            all.add(new Document("document " + d, ids, ids));
        }
        return new PackedDataset(all, 64, false);
    }

    private static TrainSettings settings(int batch, int accumulate, int steps, double epochs) {
        TrainSettings s = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0)
                .withTokens(64)
                .withBatch(batch, accumulate)
                .withSchedule(Schedule.Kind.COSINE, 0)
                .withPack(false);
        return steps > 0 ? s.withSteps(steps) : s.withEpochs(epochs);
    }

    /// Tokens of each step.
    private List<Long> tokens(TrainSettings settings, PackedDataset data, String out) throws IOException {
        List<Long> sums = new ArrayList<>(List.of(0L));
        SmallRun.run(settings, model, data, directory.resolve(out),
                run -> run.run(false, report -> sums.add(report.tokens())));
        return IntStream.range(1, sums.size()).mapToObj(i -> sums.get(i) - sums.get(i - 1)).toList();
    }

    @ParameterizedTest
    @CsvSource({"4, 1, 2", "10, 1, 1", "1, 4, 2", "2, 2, 2", "3, 1, 2", "5, 1, 2", "1, 1, 6"})
    void anEpochHasEachDocumentOnce(int batch, int accumulate, int steps) throws IOException {
        PackedDataset data = data(6);
        List<Long> twice = tokens(settings(batch, accumulate, 0, 2), data, "out");
        assertEquals(2 * steps, twice.size());
        for (List<Long> epoch : List.of(twice.subList(0, steps), twice.subList(steps, 2 * steps))) {
            assertEquals(data.statistics().packedTokens(), epoch.stream().mapToLong(t -> t).sum(),
                    "in an epoch of " + epoch);
        }
    }

    @Test
    void stepsGoRoundEpochAfterEpoch() throws IOException {
        PackedDataset data = data(5);
        List<Long> steps = tokens(settings(2, 1, 7, 0), data, "out");
        // Two documents, two, one; and again.
        assertEquals(data.statistics().packedTokens(), steps.subList(0, 3).stream().mapToLong(t -> t).sum());
        assertEquals(data.statistics().packedTokens(), steps.subList(3, 6).stream().mapToLong(t -> t).sum());
        assertEquals(7, steps.size());
    }

    @Test
    void partsOfEpochsAreRoundedUpToSteps() {
        assertEquals(2, settings(4, 1, 0, 1).totalSteps(6));
        assertEquals(3, settings(4, 1, 0, 1.5).totalSteps(6));
        assertEquals(1, settings(4, 1, 0, 0.1).totalSteps(6));
        assertEquals(3, settings(1, 1, 0, 0.1).totalSteps(30), "0.1 times 30 is 3, though not in binary fractions");
        assertEquals(1, settings(10, 2, 0, 1).totalSteps(6));
    }

    /// A step of three documents is the same however they are split, also where the last part is smaller.
    @Test
    void aSmallerStepIsTheMeanOverItsOwnTokens() throws IOException {
        List<Double> losses = new ArrayList<>();
        TrainSettings noDropout = settings(2, 2, 0, 1).withLora(SmallRun.LORA.withDropout(0));
        for (int[] split : new int[][] {{3, 1}, {2, 2}, {1, 4}, {8, 1}}) {
            TrainSettings settings = noDropout.withBatch(split[0], split[1]);
            SmallRun.run(settings, model, data(3), directory.resolve("out" + split[0]),
                    run -> run.run(false, report -> losses.add(report.loss())));
        }
        assertEquals(4, losses.size());
        for (double loss : losses) {
            assertEquals(losses.getFirst(), loss, 1e-6);
        }
    }

    @Test
    void aRunThatStopsAtASmallerStepGoesOnExactly() throws IOException {
        TrainSettings saving = settings(4, 1, 0, 3).withSaves(Interval.steps(1), 2);
        Path straight = directory.resolve("straight");
        SmallRun.run(saving, model, data(6), straight, run -> run.run(false, report -> {}));
        for (int killed = 1; killed < 5; killed++) {
            Path broken = directory.resolve("broken" + killed);
            int step = killed;
            assertThrows(IllegalStateException.class,
                    () -> SmallRun.run(saving, model, data(6), broken, run -> run.run(false, report -> {
                        if (report.step() == step) {
                            throw new IllegalStateException("killed");
                        }
                    })));
            SmallRun.run(saving, model, data(6), broken, run -> run.run(true, report -> {}));
            assertEquals(SmallRun.results(straight), SmallRun.results(broken));
        }
    }
}

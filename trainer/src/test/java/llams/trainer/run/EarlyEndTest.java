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
import java.util.Map;
import llams.model.files.SettingException;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run with patience ends when the held-out loss falls no more, keeps its best model, and does both alike however often
/// it is interrupted.
class EarlyEndTest {
    private static final Watch TWO = Watch.NONE.withBest(true, 2);

    private static final class Killed extends RuntimeException {
        private static final long serialVersionUID = 1;
    }

    @TempDir
    Path directory;
    private Path model;

    @BeforeEach
    void create() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
    }

    /// At this rate the loss on random data falls for some steps, and then rises.
    private static TrainSettings settings(int saveEvery) {
        return SmallRun.settings(null, 0.05, 1, saveEvery)
                .withSchedule(Schedule.Kind.CONSTANT, 0)
                .withSteps(40)
                .withEvalEvery(Interval.steps(1));
    }

    private TrainingRun.Report run(TrainSettings settings, Watch watch, Path out, boolean resume,
            TrainingRun.Listener listener) throws IOException {
        return SmallRun.run(settings, model, SmallRun.data(), out,
                run -> run.watched(watch, null).run(resume, listener));
    }

    private static TrainingRun.Listener killedAfter(int step) {
        return report -> {
            if (report.step() == step) {
                throw new Killed();
            }
        };
    }

    @Test
    void theBestModelIsThatOfTheLowestLoss() throws IOException {
        List<Double> losses = new ArrayList<>();
        Path out = directory.resolve("out");
        int end = run(settings(0), TWO, out, false, report -> losses.add(report.evalLoss())).step() + 1;
        double lowest = losses.stream().min(Double::compare).orElseThrow();
        int best = losses.indexOf(lowest) + 1;
        assertTrue(end < 40, "ends early");
        assertEquals(end, best + 2, "two measurements after the lowest loss: " + losses);
        assertEquals(end, losses.size());

        Path shorter = directory.resolve("shorter");
        run(settings(0).withSteps(best), Watch.NONE, shorter, false, _ -> {});
        assertEquals(weights(shorter), weights(RunDirectory.best(out)), "what a run of as many steps gives");
        String card = Files.readString(out.resolve("README.md"));
        assertTrue(card.contains("after " + best + " steps"), card);
    }

    @Test
    void interruptionsChangeNothing() throws IOException {
        Path straight = directory.resolve("straight");
        int end = run(settings(0), TWO, straight, false, _ -> {}).step();
        Path broken = directory.resolve("broken");
        TrainSettings saving = settings(2);
        // Killed after measurements that the newest save does not have.
        assertThrows(Killed.class, () -> run(saving, TWO, broken, false, killedAfter(2)));
        assertThrows(Killed.class, () -> run(saving, TWO, broken, true, killedAfter(end - 1)));
        assertEquals(end, run(saving, TWO, broken, true, _ -> {}).step());
        assertEquals(SmallRun.results(straight), SmallRun.results(broken));
        assertEquals(SmallRun.results(RunDirectory.best(straight)), SmallRun.results(RunDirectory.best(broken)));

        List<String> notes = new ArrayList<>();
        run(saving, TWO, broken, true, new TrainingRun.Listener() {
            @Override
            public void step(TrainingRun.Report report) {
                throw new AssertionError("nothing is left to do");
            }

            @Override
            public void note(String note) {
                notes.add(note);
            }
        });
        assertTrue(notes.toString().contains("ended early after " + (end + 1) + " steps"), notes.toString());
    }

    @Test
    void morePatienceContinues() throws IOException {
        Path out = directory.resolve("out");
        int end = run(settings(2), TWO, out, false, _ -> {}).step();
        Watch more = Watch.NONE.withBest(true, 4);
        int later = run(settings(2), more, out, true, _ -> {}).step();
        assertTrue(later > end);
        Path straight = directory.resolve("straight");
        assertEquals(later, run(settings(0), more, straight, false, _ -> {}).step());
        assertEquals(SmallRun.results(straight), SmallRun.results(out));
    }

    @Test
    void patienceNeedsMeasurements() {
        TrainSettings never = settings(0).withEvalEvery(Interval.NEVER);
        SettingException e = assertThrows(SettingException.class,
                () -> run(never, TWO, directory.resolve("out"), false, _ -> {}));
        assertTrue(e.getMessage().contains("`evalEvery`"), e.getMessage());
        assertFalse(Files.exists(directory.resolve("out")));
    }

    private static String weights(Path result) throws IOException {
        Map<String, String> files = SmallRun.results(result);
        return files.get("model.safetensors");
    }
}

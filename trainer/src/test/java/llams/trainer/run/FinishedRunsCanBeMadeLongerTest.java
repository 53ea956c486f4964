package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// More steps go on from the last one, as if the run had been meant to be so long; the same number of steps is nothing
/// to do.
class FinishedRunsCanBeMadeLongerTest {
    private static final String COMPLETE = "all 4 steps are done and the result is complete; more `steps` or"
            + " `epochs` would continue from there";

    @TempDir
    Path directory;
    private Path model;
    private Path out;

    @BeforeEach
    void finish() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        out = directory.resolve("out");
        // No save is due before the end.
        SmallRun.notes(SmallRun.constant(4, 100, 2), model, out, false);
    }

    private static String scheduleNote(int then, int now, int from) {
        return "steps: were " + then + ", are now " + now + "; from step " + from
                + " on the learning rate follows the schedule of the new length";
    }

    @Test
    void bitForBitWhereTheScheduleIsTheSame() throws IOException {
        Map<String, String> shorter = SmallRun.results(out);
        Path straight = directory.resolve("straight");
        SmallRun.notes(SmallRun.constant(6, 100, 2), model, straight, false);
        List<String> during = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        SmallRun.run(SmallRun.constant(6, 100, 2), model, SmallRun.data(), out,
                run -> run.run(true, new TrainingRun.Listener() {
                    @Override
                    public void step(TrainingRun.Report report) {
                        try {
                            during.add(SmallRun.results(out).get("adapter_model.safetensors"));
                        } catch (IOException e) {
                            throw new AssertionError(e);
                        }
                    }

                    @Override
                    public void note(String note) {
                        notes.add(note);
                    }
                }));
        assertEquals(List.of(scheduleNote(4, 6, 4)), notes);
        String old = shorter.get("adapter_model.safetensors");
        assertEquals(List.of(old, old), during, "the result of the shorter run stays until the longer one is finished");
        assertEquals(SmallRun.results(straight), SmallRun.results(out));
        assertEquals(6, Files.readAllLines(out.resolve("train.jsonl")).size());
    }

    @Test
    void everyWeightToo() throws IOException {
        TrainSettings full = SmallRun.constant(4, 2, 1).withLora(null).withLearningRate(1e-3);
        TrainSettings longer = full.withSteps(5);
        SmallRun.notes(full, model, directory.resolve("full"), false);
        SmallRun.notes(longer, model, directory.resolve("full"), true);
        SmallRun.notes(longer, model, directory.resolve("straight"), false);
        assertEquals(SmallRun.results(directory.resolve("straight")), SmallRun.results(directory.resolve("full")));
    }

    @Test
    void theSameStepsAreNothingToDo() throws IOException {
        List<Path> files = List.of(out.resolve("adapter_model.safetensors"), out.resolve("adapter_config.json"),
                out.resolve("train.jsonl"));
        List<Object> before = new ArrayList<>();
        for (Path file : files) {
            before.add(Files.getAttribute(file, "unix:ino"));
        }
        for (int again = 0; again < 2; again++) {
            assertEquals(List.of("from step-000004", COMPLETE),
                    SmallRun.notes(SmallRun.constant(4, 100, 2), model, out, true));
        }
        TrainingRun.Report last = SmallRun.run(SmallRun.constant(4, 100, 2), model, out, true, report -> {});
        assertTrue(last.isLast());
        assertTrue(last.loss() > 0, last.toString());
        for (int i = 0; i < files.size(); i++) {
            assertEquals(before.get(i), Files.getAttribute(files.get(i), "unix:ino"),
                    files.get(i) + " was written again");
        }
    }

    @Test
    void aMissingResultIsWrittenAgain() throws IOException {
        Map<String, String> results = SmallRun.results(out);
        Files.delete(out.resolve("adapter_config.json"));
        assertEquals(List.of("from step-000004"), SmallRun.notes(SmallRun.constant(4, 100, 2), model, out, true));
        assertEquals(results, SmallRun.results(out));
        assertEquals(List.of("from step-000004", COMPLETE),
                SmallRun.notes(SmallRun.constant(4, 100, 2), model, out, true));
    }

    @Test
    void fewerStepsThanWereMadeAreRefused() throws IOException {
        Map<String, String> results = SmallRun.results(out);
        IOException e = assertThrows(IOException.class,
                () -> SmallRun.notes(SmallRun.constant(3, 100, 2), model, out, true));
        assertEquals(out.resolve("step-000004") + " is of step 4, and the run has only 3 steps; give at least as"
                + " many `steps` or `epochs`, or another `out`", e.getMessage());
        assertEquals(results, SmallRun.results(out));
    }

    @Test
    void aRunThatWasStoppedCanBeEndedThere() throws IOException {
        Path stopped = directory.resolve("stopped");
        SmallRun.run(SmallRun.constant(9, 100, 2), model, SmallRun.data(), stopped, run -> run.run(false, report -> {
            // Heard after the step, this ends the run with the next one.
            if (report.step() == 2) {
                run.stop();
            }
        }));
        assertFalse(Files.exists(stopped.resolve("adapter_config.json")));
        assertEquals(List.of(scheduleNote(9, 4, 4), "from step-000004"),
                SmallRun.notes(SmallRun.constant(4, 100, 2), model, stopped, true));
        Map<String, String> wanted = SmallRun.results(out);
        Map<String, String> results = SmallRun.results(stopped);
        // The held-out loss was measured there alone.
        assertNotEquals(wanted.remove("README.md"), results.remove("README.md"));
        assertEquals(wanted, results);
    }

    @Test
    void aRunWithoutSavesSaysThatItCannotGoOn() throws IOException {
        Path without = directory.resolve("without");
        SmallRun.notes(SmallRun.constant(2, 0, 2), model, without, false);
        IOException e = assertThrows(IOException.class,
                () -> SmallRun.notes(SmallRun.constant(4, 0, 2), model, without, true));
        assertEquals(without + ": holds a run without a save to continue from; choose another `out`", e.getMessage());
    }
}

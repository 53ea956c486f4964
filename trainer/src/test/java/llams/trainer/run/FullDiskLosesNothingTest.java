package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.BiConsumer;
import java.util.stream.Stream;
import llams.engine.io.NoRoomException;
import llams.model.PassingDisk;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Messages;
import llams.trainer.distributed.ThreadMessages;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/// On a full disk a run keeps what is saved, goes on, and waits with its result until there is room.
@Timeout(60)
class FullDiskLosesNothingTest {
    @TempDir
    Path directory;

    private Path model;
    private Path out;
    private final List<String> notes = new ArrayList<>();
    private final FullDisk disk = new FullDisk();

    /// Without room while it is full.
    private static final class FullDisk extends PassingDisk {
        private boolean full;
        private int refusalsLeft = Integer.MAX_VALUE;

        @Override
        protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {
            if (full && bytes.hasRemaining()) {
                full = --refusalsLeft > 0;
                throw new IOException("No space left on device");
            }
        }
    }

    @BeforeEach
    void makeModel() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        out = directory.resolve("out");
    }

    /// A run of seven steps with saves after the second, fourth and sixth.
    private TrainingRun.Report run(BiConsumer<TrainingRun, TrainingRun.Report> afterStep, Runnable whileWaiting)
            throws IOException {
        return run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), Collective.ALONE, afterStep, whileWaiting);
    }

    private TrainingRun.Report run(TrainSettings settings, Collective workers,
            BiConsumer<TrainingRun, TrainingRun.Report> afterStep, Runnable whileWaiting) throws IOException {
        TrainingRun.Report[] last = new TrainingRun.Report[1];
        disk.during(() -> last[0] = SmallRun.run(settings, model, SmallRun.data(), out, run -> {
            run.patience = new Patience(Duration.ofMillis(5));
            return run.on(workers).run(false, new TrainingRun.Listener() {
                @Override
                public void step(TrainingRun.Report report) {
                    afterStep.accept(run, report);
                }

                @Override
                public void note(String note) {
                    notes.add(note);
                    if (note.startsWith("no room")) {
                        whileWaiting.run();
                    }
                    if (note.startsWith("no room") && disk.refusalsLeft == -1) {
                        run.stop();
                    }
                }
            });
        }));
        return last[0];
    }

    private Map<String, String> undisturbed() throws IOException {
        Path straight = directory.resolve("straight");
        SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), model, straight, false, report -> {});
        return SmallRun.results(straight);
    }

    private void assertNoTemporaries() throws IOException {
        try (Stream<Path> children = Files.list(out)) {
            assertEquals(List.of(), children.map(Path::toString).filter(name -> name.contains(".tmp-")).toList());
        }
    }

    @Test
    void aSaveWithoutRoomIsLeftOutAndTheOneBeforeStays() throws IOException {
        run((run, report) -> disk.full = report.step() == 2 || report.step() == 3 && disk.full, () -> {});
        // The save after the fourth step did not happen, nor the log's lines of the steps before there was room.
        assertEquals(2, notes.size(), notes.toString());
        assertTrue(notes.get(0).contains("train.jsonl: cannot be written: No space left on device; the run continues"),
                notes.get(0));
        assertTrue(notes.get(1).startsWith("no save after step 4: ")
                && notes.get(1).endsWith("the newest save is still " + Saves.directory(out, 2)), notes.get(1));
        assertEquals(undisturbed(), SmallRun.results(out));
        assertEquals(SmallRun.STEPS, Files.readAllLines(out.resolve("train.jsonl")).size(),
                "each step stands in the log");
        assertNoTemporaries();
    }

    @Test
    void theResultWaitsForRoom() throws IOException {
        assertTrue(run((run, report) -> {
            disk.full = report.isLast();
            disk.refusalsLeft = 20;
        }, () -> {}).isLast());
        List<String> waits = notes.stream().filter(note -> note.startsWith("no room for the result: ")).toList();
        // It says so at the first attempt and at every sixth after it.
        assertEquals(4, waits.size(), notes.toString());
        assertTrue(waits.getFirst().contains("make room: this is retried every"), waits.getFirst());
        assertEquals(undisturbed(), SmallRun.results(out));
        assertEquals(SmallRun.STEPS, Files.readAllLines(out.resolve("train.jsonl")).size());
        assertNoTemporaries();
    }

    @Test
    void whoeverWaitsForRoomCanBeToldToStop() throws IOException {
        NoRoomException e = assertThrows(NoRoomException.class,
                () -> run((run, report) -> disk.full = report.isLast(), () -> disk.refusalsLeft = -1));
        assertTrue(
                e.getMessage()
                        .endsWith("the newest save is " + Saves.directory(out, 6) + ", and `resume` continues from it"),
                e.getMessage());
        assertFalse(Files.exists(out.resolve("adapter_config.json")));
        SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2), model, out, true, report -> {});
        assertEquals(undisturbed(), SmallRun.results(out));
    }

    @Test
    void aSaveOnDemandWaitsForRoom() throws IOException {
        TrainingRun.Report last = run((run, report) -> {
            if (report.step() == 1) {
                disk.full = true;
                disk.refusalsLeft = 9;
                run.stop();
            }
        }, () -> {});
        assertEquals(2, last.step());
        assertEquals(Saves.directory(out, 3), RunDirectory.newestSave(out).orElseThrow());
        assertTrue(notes.stream().anyMatch(note -> note.startsWith("no room for the save after step 3: ")),
                notes.toString());
    }

    @Test
    void aResultThatCannotBeWrittenForAnotherReasonIsSavedInstead() throws IOException {
        PassingDisk broken = new PassingDisk() {
            @Override
            protected void writing(Path file, ByteBuffer bytes, long position) throws IOException {
                if (file.toString().contains("out/adapter_model")) {
                    throw new IOException("Input/output error");
                }
            }
        };
        IOException e = assertThrows(IOException.class, () -> broken.during(
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0), model, out, false, report -> {})));
        assertTrue(
                e.getMessage()
                        .contains("Input/output error; the newest save is " + Saves.directory(out, SmallRun.STEPS)),
                e.getMessage());
        SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0), model, out, true, report -> {});
        assertEquals(undisturbed(), SmallRun.results(out));
    }

    private static boolean waitsAsleep(Thread worker) {
        return Arrays.stream(worker.getStackTrace())
                .anyMatch(
                        at -> at.getClassName().equals(Messages.class.getName()) && at.getMethodName().equals("await"));
    }

    /// Without a limit of time, and without keeping a core busy.
    @Test
    void otherWorkersWaitAsWell() throws Exception {
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 2)
                .withBatch(2, 1)
                .withSummation(new Summation(Summation.Order.PAIRWISE, 1))
                .onEachOf(2);
        List<Collective> workers = ThreadMessages.workers(2);
        AtomicReference<Thread> other = new AtomicReference<>();
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            Future<?> second = threads.submit(() -> {
                other.set(Thread.currentThread());
                SmallRun.run(settings, model, SmallRun.data(), out, run -> run.on(workers.get(1)).run(false, _ -> {}));
                workers.get(1).close();
                return null;
            });
            run(settings, workers.get(0), (_, report) -> disk.full = report.isLast(), () -> {
                while (!waitsAsleep(other.get())) {
                    Thread.onSpinWait();
                }
                disk.full = false;
            });
            workers.get(0).close();
            second.get();
        }
        assertTrue(notes.getLast().startsWith("no room for the result: "), notes.toString());
        assertTrue(Files.exists(out.resolve("adapter_model.safetensors")));
        assertNoTemporaries();
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.engine.tensor.DType;
import llams.engine.weights.LlamaWeights;
import llams.model.files.SettingException;
import llams.trainer.data.Sequences;
import llams.trainer.distributed.AgreedException;
import llams.trainer.distributed.Collective;
import llams.trainer.ThreadMessages;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// One, two and four workers give the same bytes for the same micro-batches, also when their number changes at a resume.
class WorkersMakeNoDifferenceTest {
    private static final int MICRO_BATCHES = 4;
    private static final Summation PAIRWISE = new Summation(Summation.Order.PAIRWISE, 1);

    @TempDir
    static Path directory;

    @BeforeAll
    static void model() throws IOException {
        SmallRun.model(directory.resolve("model"));
    }

    private static TrainSettings settings(boolean isAdapter) {
        return SmallRun.settings(isAdapter ? SmallRun.LORA : null, 1e-2, 1, 2)
                .withSteps(6)
                .withBatch(1, MICRO_BATCHES)
                .withEvalEvery(Interval.steps(2))
                .withSummation(PAIRWISE);
    }

    static Stream<Arguments> methods() {
        TrainSettings full = settings(false);
        TrainSettings compact = full
                .withOptimizer(full.optimizer().withEightBit(true).withWeights(DType.BF16).withClip(0));
        return Stream.of(Arguments.of("lora", settings(true)), Arguments.of("full", full),
                Arguments.of("compact", compact.withPack(false).withBatch(2, MICRO_BATCHES)),
                Arguments.of("new tokens", full.withFirstRow(60)));
    }

    private static TrainSettings of(TrainSettings all, int workers) {
        return all.withBatch(all.batch(), all.accumulate() / workers).onEachOf(workers);
    }

    private static TrainingRun.Report train(TrainSettings settings, Collective worker, Path out, boolean resume,
            int stopAfter) throws IOException {
        Sequences data = SmallRun.data(settings.pack());
        try (LlamaWeights base = LlamaWeights.open(directory.resolve("model"));
                TrainingRun run = TrainingRun
                        .of(Devices.byName("cpu").with(new Options(1)), settings, base, data, data, out)
                        .on(worker)) {
            return run.run(resume, report -> {
                if (report.step() + 1 == stopAfter) {
                    run.stop();
                }
            });
        }
    }

    /// Runs all workers; the last steps that they made.
    private static List<TrainingRun.Report> train(TrainSettings all, int size, Path out, boolean resume, int stopAfter)
            throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Callable<TrainingRun.Report>> tasks = new ArrayList<>();
            for (Collective worker : size == 1 ? List.of(Collective.ALONE) : ThreadMessages.workers(size)) {
                tasks.add(() -> train(of(all, size), worker, out, resume, stopAfter));
            }
            List<TrainingRun.Report> reports = new ArrayList<>();
            for (Future<TrainingRun.Report> report : threads.invokeAll(tasks)) {
                reports.add(report.get());
            }
            return reports;
        }
    }

    private static Map<String, String> files(Path out) throws IOException {
        Map<String, String> files = SmallRun.results(out);
        files.keySet().retainAll(List.of("model.safetensors", "adapter_model.safetensors", "config.json"));
        return files;
    }

    private static List<String> losses(Path out) throws IOException {
        List<String> losses = new ArrayList<>();
        for (String line : Files.readAllLines(out.resolve("train.jsonl"))) {
            JsonNode step = JsonMapper.shared().readTree(line);
            losses.add(step.get("loss") + " " + step.get("gradNorm") + " " + step.get("gradients") + " "
                    + step.get("evalLoss"));
        }
        return losses;
    }

    @ParameterizedTest
    @MethodSource("methods")
    void sameBytes(String method, TrainSettings settings) throws Exception {
        Path one = directory.resolve(method + "1");
        train(settings, 1, one, false, 0);
        Path four = directory.resolve(method + "4");
        List<TrainingRun.Report> reports = train(settings, 4, four, false, 0);
        assertEquals(files(one), files(four));
        assertEquals(losses(one), losses(four));
        assertTrue(Replay.accumulate(four).isPresent());
        assertEquals(Replay.accumulate(one), Replay.accumulate(four));
        assertEquals(reports.getFirst().loss(), reports.getLast().loss());
        Path changing = directory.resolve(method + "changing");
        train(settings, 4, changing, false, 1);
        train(settings, 1, changing, true, 4);
        assertTrue(train(settings, 2, changing, true, 0).getFirst().isLast());
        assertEquals(files(one), files(changing));
        assertEquals(losses(one), losses(changing));
    }

    @Test
    void theOrderOfTheSumIsPartOfTheRun() throws Exception {
        Path out = directory.resolve("order");
        train(settings(true), 2, out, false, 1);
        TrainSettings inOrder = settings(true).withSummation(Summation.STANDARD);
        IOException refused = assertThrows(IOException.class, () -> train(inOrder, Collective.ALONE, out, true, 0));
        assertTrue(refused.getMessage().contains("sum: was pairwise, is now in-order"), refused.getMessage());
    }

    @Test
    void workersWithOtherSettingsAreNoticed() throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(2)) {
            List<Callable<TrainingRun.Report>> tasks = new ArrayList<>();
            for (Collective worker : ThreadMessages.workers(2)) {
                TrainSettings own = of(settings(true), 2).withLearningRate(worker.rank() == 0 ? 1e-2 : 3e-3);
                tasks.add(() -> train(own, worker, directory.resolve("differing"), false, 0));
            }
            List<Future<TrainingRun.Report>> runs = threads.invokeAll(tasks);
            for (Future<TrainingRun.Report> run : runs) {
                Throwable said = assertThrows(ExecutionException.class, run::get).getCause();
                assertTrue(
                        said.getMessage().matches("worker 1 on .*: differs from worker 0: lr is 3e-3 and not 0.01;.*"),
                        said.getMessage());
                assertEquals(run == runs.getFirst(), ((AgreedException) said).isSaidHere);
            }
        }
    }

    @Test
    void aWorkersMicroBatchesAreASubtree() {
        SettingException refused = assertThrows(SettingException.class,
                () -> settings(true).withBatch(1, 3).onEachOf(2));
        assertEquals("accumulate", refused.setting);
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Options;
import llams.engine.device.Session;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.files.SettingException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Where only new tokens are trained, their rows change as if all were, and nothing else changes.
class NewTokensAreTrainedAloneTest {
    /// The data has ids up to 39.
    private static final int FIRST = 30;

    @TempDir
    Path directory;

    private Path model(boolean tied, String dtype) throws IOException {
        LlamaConfig config = SmallRun.CONFIG.withTied(tied).withMetadata(SmallRun.CONFIG.metadata().withDtype(dtype));
        Path model = directory.resolve("model");
        NewModel.write(config, 5, null, model, ByteProgress.SILENT);
        return model;
    }

    private static TrainSettings settings(int saveEvery) {
        return SmallRun.settings(null, 1e-2, 1, saveEvery).withFirstRow(FIRST);
    }

    @ParameterizedTest
    @CsvSource({"true,float32", "false,float32", "true,bfloat16", "false,float16"})
    void allElseKeepsItsBits(boolean tied, String dtype) throws IOException {
        Path model = model(tied, dtype);
        Path out = directory.resolve("out");
        List<Double> losses = new ArrayList<>();
        SmallRun.run(settings(0), model, out, false, report -> losses.add(report.loss()));
        assertTrue(losses.getLast() < losses.getFirst(), losses.toString());
        try (Checkpoint before = Checkpoint.open(model); Checkpoint after = Checkpoint.open(out)) {
            assertEquals(before.names(), after.names());
            for (String name : before.names()) {
                assertEquals(before.dtype(name), after.dtype(name));
                long mismatch = before.tensor(name).data().mismatch(after.tensor(name).data());
                boolean isTable = name.equals(Llama.EMBEDDING) || name.equals(Llama.HEAD);
                long first = FIRST * before.dtype(name).bytes(SmallRun.CONFIG.dim());
                assertTrue(isTable ? mismatch >= first : mismatch == -1, name + " differs at " + mismatch);
            }
        }
    }

    /// AdamW's first step depends on a parameter's own gradient alone, if there is no clipping.
    @ParameterizedTest
    @CsvSource({"true", "false"})
    void theFirstStepIsThatOfFullTraining(boolean tied) throws IOException {
        Path model = model(tied, "float32");
        TrainSettings one = settings(0).withSteps(1)
                .withSchedule(llams.trainer.optim.Schedule.Kind.CONSTANT, 0)
                .withOptimizer(llams.trainer.optim.Optimizer.standard().withClip(0));
        Path rows = directory.resolve("rows");
        Path full = directory.resolve("full");
        SmallRun.run(one, model, rows, false, report -> {});
        SmallRun.run(one.withFirstRow(0), model, full, false, report -> {});
        try (Checkpoint some = Checkpoint.open(rows); Checkpoint all = Checkpoint.open(full)) {
            for (String name : tied ? List.of(Llama.EMBEDDING) : List.of(Llama.EMBEDDING, Llama.HEAD)) {
                long first = FIRST * 4L * SmallRun.CONFIG.dim();
                assertEquals(-1,
                        some.tensor(name).data().asSlice(first).mismatch(all.tensor(name).data().asSlice(first)));
                assertNotEquals(-1, some.tensor(name).data().mismatch(all.tensor(name).data()));
            }
        }
    }

    @ParameterizedTest
    @CsvSource({"true,float32", "false,bfloat16"})
    void aResumedRunEqualsAnUninterruptedOne(boolean tied, String dtype) throws IOException {
        Path model = model(tied, dtype);
        Path straight = directory.resolve("straight");
        SmallRun.run(settings(0), model, straight, false, report -> {});
        Path broken = directory.resolve("broken");
        for (int stop : new int[] {2, 4}) {
            assertThrows(IllegalStateException.class,
                    () -> SmallRun.run(settings(2), model, broken, stop > 2, report -> {
                        if (report.step() == stop) {
                            throw new IllegalStateException("killed");
                        }
                    }));
        }
        try (Checkpoint save = Checkpoint
                .open(RunDirectory.newestSave(broken).orElseThrow().resolve("state.safetensors"))) {
            long trained = (tied ? 1 : 2) * (SmallRun.CONFIG.vocab() - FIRST) * (long) SmallRun.CONFIG.dim();
            assertEquals(3 * 4 * trained, save.bytes(), "of the trained rows alone");
        }
        SmallRun.run(settings(2), model, broken, true, report -> {});
        assertFalse(SmallRun.results(straight).isEmpty());
        assertEquals(SmallRun.results(straight), SmallRun.results(broken));
        IOException other = assertThrows(IOException.class,
                () -> SmallRun.run(settings(2).withFirstRow(FIRST + 1), model, broken, true, report -> {}));
        assertTrue(other.getMessage().contains("first-row: was 30, is now 31"), other.getMessage());
    }

    @Test
    void thePlanCountsTheTrainedRows() throws IOException {
        Path model = model(false, "float32");
        try (LlamaWeights base = LlamaWeights.open(model);
                TrainingRun run = TrainingRun.of(Devices.byName("cpu"), settings(0), base, SmallRun.data(), null,
                        directory.resolve("out"))) {
            TrainingRun.Plan plan = run.plan();
            assertEquals(2 * (96 - FIRST) * 32, plan.trained());
            assertEquals(base.infos().stream().mapToLong(info -> info.shape().elements()).sum(), plan.parameters());
            assertEquals(Forecast.of(base.config, base.frozen(), plan.settings()), plan.memory());
            assertEquals(4 * (2 * 2 * 96 * 32 + 2 * plan.trained()), plan.memory().state());
        }
    }

    @Test
    void whatCannotBeIsRefused() throws IOException {
        Path model = model(true, "float32");
        SettingException beyond = assertThrows(SettingException.class,
                () -> SmallRun.run(settings(0).withFirstRow(96), model, directory.resolve("out"), false, report -> {}));
        assertTrue(beyond.getMessage().contains("below 96"), beyond.getMessage());
        assertThrows(SettingException.class, () -> TrainSettings.standard().withFirstRow(3));
        try (LlamaWeights base = LlamaWeights.open(model);
                TrainingRun run = TrainingRun.of(
                        new OtherwiseOpened(Devices.byName("cpu"), NewTokensAreTrainedAloneTest::ofCopies), settings(0),
                        base, SmallRun.data(), null, directory.resolve("out"))) {
            IllegalArgumentException copied = assertThrows(IllegalArgumentException.class,
                    () -> run.run(false, report -> {}));
            assertTrue(copied.getMessage().contains("memory of its own"), copied.getMessage());
        }
    }

    /// As a device does that has a memory of its own.
    private static Session ofCopies(Device device, Map<String, Tensor> resident, Options options) {
        Map<String, Tensor> copies = new HashMap<>();
        resident.forEach((name, tensor) -> {
            Tensor copy = Tensor.allocate(Arena.ofAuto(), tensor.dtype(), tensor.shape());
            copy.data().copyFrom(tensor.data());
            copies.put(name, copy);
        });
        return device.open(copies, options);
    }
}

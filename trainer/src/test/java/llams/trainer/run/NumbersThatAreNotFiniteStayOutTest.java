package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import llams.engine.llama.LlamaConfig;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.LoraConfig;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// An update can make infinities of finite gradients: they become neither a save nor the result.
class NumbersThatAreNotFiniteStayOutTest {
    /// With this rate one update is more than F32 holds.
    private static final double RUNAWAY = 1e38;

    @TempDir
    Path directory;

    static Stream<LoraConfig> methods() {
        return Stream.of(SmallRun.LORA, null);
    }

    private static TrainSettings settings(LoraConfig lora, double rate, int steps, int saveEvery) {
        return SmallRun.settings(lora, rate, 1, 0)
                .withSteps(steps)
                .withSchedule(Schedule.Kind.COSINE, 0)
                .withSaves(Interval.steps(saveEvery), 1);
    }

    @ParameterizedTest
    @MethodSource("methods")
    void theLastStepIsLookedAt(LoraConfig lora) throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class, () -> SmallRun
                .run(settings(lora, RUNAWAY, 1, 0), model, SmallRun.data(), out, run -> run.run(false, report -> {})));
        assertEquals(0, e.step);
        assertTrue(e.getMessage().contains("nothing was saved before"), e.getMessage());
        assertTrue(SmallRun.results(out).isEmpty(), "there is no result");
    }

    @Test
    void noSaveHoldsThem() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class,
                () -> SmallRun.run(settings(SmallRun.LORA, RUNAWAY, 8, 1), model, SmallRun.data(), out,
                        run -> run.run(false, report -> {})));
        assertTrue(e.getMessage()
                .matches("step 0: after the update \\d+ of the \\d+ numbers of \"base_model.*\""
                        + " are infinite or NaN; .*"),
                e.getMessage());
        assertEquals(Optional.empty(), RunDirectory.newestSave(out));
    }

    /// Where there is no step after the last to notice it, held-out data may.
    @Test
    void aModelThatMeasuresAsNanIsNoResult() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class, () -> SmallRun
                .run(settings(null, 1e18, 1, 0), model, SmallRun.data(), out, run -> run.run(false, report -> {})));
        assertTrue(e.getMessage().startsWith("step 0: the held-out loss is "), e.getMessage());
        assertFalse(Files.exists(out.resolve("config.json")));
    }

    @Test
    void whatTheModelsTypeCannotHoldIsSavedInF32() throws IOException {
        LlamaConfig f16 = SmallRun.CONFIG.withMetadata(SmallRun.CONFIG.metadata().withDtype("float16"));
        Path model = directory.resolve("model");
        NewModel.write(f16, 5, null, model, ByteProgress.SILENT);
        Path out = directory.resolve("out");
        // Norms of a few thousands; their weight has no influence on the loss of a single further step.
        IOException e = assertThrows(IOException.class, () -> SmallRun.run(settings(null, 1e5, 1, 0), model,
                SmallRun.data(), out, run -> run.run(false, report -> {})));
        assertTrue(e.getMessage()
                .matches("(?s).* trained numbers of \".*\" are too large for F16, the type that"
                        + " the model came in; the newest save is .*step-000001, .*"),
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 7, 16, 17, 1023, 1 << 20, (1 << 20) + 3})
    void eachIsCounted(int elements) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(elements));
            for (int i = 0; i < elements; i++) {
                tensor.setFloat(i, i % 2 == 0 ? -Float.MAX_VALUE : Float.MIN_VALUE);
            }
            assertEquals(0, NonFiniteState.count(tensor.data()));
            for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY,
                    Float.intBitsToFloat(-1)}) {
                tensor.setFloat(elements - 1, value);
                assertEquals(1, NonFiniteState.count(tensor.data()), "one " + value + " at the end");
            }
            tensor.setFloat(0, Float.NaN);
            assertEquals(elements == 1 ? 1 : 2, NonFiniteState.count(tensor.data()));
        }
    }
}

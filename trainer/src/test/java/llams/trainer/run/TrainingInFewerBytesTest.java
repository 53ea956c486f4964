package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Devices;
import llams.engine.graph.Leaf;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.files.SettingException;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Optimizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// 8-bit moments, BF16 weights and updates within the backward pass, in whole runs.
class TrainingInFewerBytesTest {
    private static final Optimizer COMPACT = Optimizer.standard()
            .withEightBit(true)
            .withWeights(DType.BF16)
            .withClip(0);

    @TempDir
    Path directory;

    static Stream<Arguments> kinds() {
        List<Arguments> kinds = new ArrayList<>();
        for (boolean isTied : new boolean[] {false, true}) {
            kinds.add(Arguments.of(isTied, false, Optimizer.standard().withClip(0)));
            kinds.add(Arguments.of(isTied, true, COMPACT));
        }
        return kinds.stream();
    }

    /// All that is kept after some steps, and the losses and norms.
    private static Map<String, Object> trained(boolean isFused, boolean isTied, boolean recompute, Optimizer optimizer)
            throws IOException {
        Map<String, Object> results = new LinkedHashMap<>();
        PackedDataset data = SmallRun.data();
        try (Arena arena = Arena.ofShared()) {
            Trainable model = Trainable.random(arena, SmallRun.CONFIG.withTied(isTied), optimizer.weights(), 3, null);
            try (Trainer trainer = new Trainer(Devices.byName("cpu"), model.model(), model.trained(), model.resident(),
                    optimizer, 32, recompute, 3, isFused)) {
                for (int step = 0; step < 3; step++) {
                    MicroBatch batch = MicroBatch.of(List.of(data.sequence(2 * step), data.sequence(2 * step + 1)));
                    results.put("step " + step, trainer.step(List.of(batch), 1e-2, step));
                }
                for (Leaf leaf : optimizer.state(model.trained())) {
                    results.put(leaf.name(), Arrays.toString(trainer.read(leaf).data().toArray(ValueLayout.JAVA_BYTE)));
                }
            }
        }
        return results;
    }

    @ParameterizedTest
    @MethodSource("kinds")
    void updatesWithinTheBackwardPassAreThoseAfterIt(boolean isTied, boolean recompute, Optimizer optimizer)
            throws IOException {
        assertEquals(trained(false, isTied, recompute, optimizer), trained(true, isTied, recompute, optimizer));
    }

    private static TrainSettings settings(int saveEvery) {
        return SmallRun.settings(null, 1e-2, 1, saveEvery).withBatch(4, 1).withOptimizer(COMPACT);
    }

    @Test
    void resumedRunsGiveTheSameBytes() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path straight = directory.resolve("straight");
        List<Double> losses = new ArrayList<>();
        SmallRun.run(settings(0), model, straight, false, report -> losses.add(report.loss()));
        assertTrue(losses.getLast() < losses.getFirst(), losses.toString());
        Path broken = directory.resolve("broken");
        assertThrows(IllegalStateException.class, () -> SmallRun.run(settings(2), model, broken, false, report -> {
            if (report.step() == 4) {
                throw new IllegalStateException("killed");
            }
        }));
        SmallRun.run(settings(2), model, broken, true, report -> {});
        assertFalse(SmallRun.results(straight).isEmpty());
        assertEquals(SmallRun.results(straight), SmallRun.results(broken));
        IOException other = assertThrows(IOException.class, () -> SmallRun
                .run(settings(2).withOptimizer(COMPACT.withEightBit(false)), model, broken, true, report -> {}));
        assertTrue(other.getMessage().contains("optimizer: was adamw8bit, is now none"), other.getMessage());
    }

    @Test
    void aForecastCountsWhatIsAllocated() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        try (LlamaWeights base = LlamaWeights.open(model)) {
            long weights = base.config.parameters();
            long largest = (long) base.config.vocab() * base.config.dim();
            TrainSettings settings = settings(0);
            long scales = 0;
            for (Tensor tensor : base.resident().values()) {
                scales += 2 * 4 * Math.ceilDiv(tensor.elements(), 256L);
            }
            // BF16, two bytes of moments and their scales, and the largest gradient.
            assertEquals(2 * weights + 2 * weights + scales + 4 * largest,
                    Forecast.of(base.config, base.frozen(), settings).state());
            assertEquals(8 * weights + 2 * weights + scales, Forecast
                    .of(base.config, base.frozen(), settings.withOptimizer(Optimizer.standard().withEightBit(true)))
                    .state());
        }
    }

    @Test
    void whatCannotBeFusedIsNot() {
        assertTrue(settings(0).isFused());
        assertFalse(settings(0).withBatch(2, 2).isFused());
        assertFalse(settings(0).withOptimizer(COMPACT.withClip(1)).isFused());
        assertThrows(SettingException.class, () -> settings(0).withLora(SmallRun.LORA));
        assertThrows(IllegalArgumentException.class, () -> trained(true, false, false, Optimizer.standard()));
    }
}

package llams.trainer.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.preference.Dpo;
import llams.engine.tensor.DType;
import llams.engine.weights.KnownShapes;
import llams.model.lora.LoraConfig;
import llams.trainer.optim.Optimizer;
import llams.trainer.run.Preferred;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The time of a large step follows from smaller ones, and what was measured is remembered as long as it holds.
class StepTimeTest {
    private static final double FLOPS_A_SECOND = 1e11;

    @TempDir
    Path directory;

    private static Workload.Step step(String shape, LoraConfig lora, int rows, int tokens) {
        LlamaConfig config = shape.equals("tiny") ? RandomModel.config(shape) : KnownShapes.BY_NAME.get(shape);
        return Workload.Step.lora(config, DType.BF16, lora, rows, tokens, false);
    }

    /// On a machine on which the time is that of the arithmetic.
    @Test
    void layersRowsAndTokensAddUp() throws IOException {
        for (Workload.Step whole : List.of(step("tiny", null, 4, 128),
                step("llama3.2-1b", LoraConfig.standard(), 8, 512),
                step("llama3-8b", LoraConfig.standard(), 2, 2048))) {
            List<Workload.Step> measured = new ArrayList<>();
            StepTime time = StepTime.of(whole, asked -> {
                measured.add(asked);
                return new SpeedProfile.Speed(asked.flops() / FLOPS_A_SECOND, 3);
            });
            assertEquals(whole.flops() / FLOPS_A_SECOND, time.step(1), 0.03 * time.step(1), whole.toString());
            assertEquals(time.pass() / (whole.settings().lora() == null ? 3 : 2), time.forward(), 1e-9);
            for (Workload.Step asked : measured) {
                assertTrue(asked.flops() < 3e12, "takes long: " + asked);
            }
        }
    }

    @Test
    void theUpdateIsMadeOnceAStep() throws IOException {
        StepTime time = StepTime.of(step("tiny", null, 4, 128).withMicroBatches(5),
                asked -> new SpeedProfile.Speed(0.2 + 0.5 * asked.settings().accumulate(), 0));
        assertEquals(0.2, time.update(), 1e-9);
        assertEquals(5 * 0.5 + 0.2, time.step(5), 1e-9);
    }

    /// With the settings that change how long it takes.
    @Test
    void whatIsMeasuredIsTheRunsStep() throws IOException {
        Device device = Devices.byName("cpu");
        Optimizer compact = Optimizer.standard().withEightBit(true).withWeights(DType.BF16).withClip(0);
        LlamaConfig config = RandomModel.small(RandomModel.config("tiny"));
        Workload.Step full = Workload.Step.full(config, 2, 16, false, compact);
        Workload.Step pairs = Workload.Step.lora(config, DType.NF4, LoraConfig.standard(), 2, 16, false);
        pairs = pairs.with(pairs.settings().withObjective(new Preferred(new Dpo(0.1))));
        assertEquals(1.5,
                pairs.flops() / 2 / Workload.Step.lora(config, DType.NF4, LoraConfig.standard(), 2, 16, false).flops(),
                1e-9, "two documents, and a reference");
        Workload.Step rows = full.with(full.settings().withOptimizer(Optimizer.standard()).withFirstRow(250));
        assertEquals(1.5, full.flops() / rows.flops(), 1e-9, "no gradients of the layers' weights");
        Workload.Step answers = new Workload.Step(config, DType.BF16, pairs.settings(), 0.25);
        assertEquals(pairs.batch().countedTokens() / 4, answers.batch().countedTokens());
        assertEquals(pairs.passes() * 4 * 2.0 * 16 * 0.75 * config.vocab() * config.dim(),
                pairs.flops() - answers.flops(), 1, "no logits of prompts");
        List<Workload.Step> measured = new ArrayList<>();
        for (Workload.Step step : List.of(full, full.withMicroBatches(2), rows, answers, pairs)) {
            StepTime.of(step, asked -> {
                measured.add(asked);
                return new SpeedProfile.Speed(1, 0);
            });
            try (Arena arena = Arena.ofShared(); Workload.Running running = step.start(device, arena)) {
                running.run();
            }
        }
        assertTrue(measured.getFirst().settings().isFused());
        assertFalse(measured.get(1).settings().isFused());
        assertEquals(compact.isEightBit(), measured.get(1).settings().optimizer().isEightBit());
        assertEquals(pairs, measured.getLast());
    }

    @Test
    void aProfileHoldsForOneMachineAndProgram() throws IOException {
        Path file = directory.resolve("cache/speed.json");
        Device device = Devices.byName("cpu");
        Workload.Step step = step("tiny", null, 4, 128);
        assertEquals(1, speed(file, device, "a", step, 1));
        assertEquals(1, speed(file, device, "a", step, 2), "remembered");
        assertEquals(3, speed(file, device, "a", step.withRows(2), 3), "another step");
        assertEquals(4, speed(file, device, "b", step, 4), "another program");
        Files.writeString(file, "{damaged");
        assertEquals(5, speed(file, device, "b", step, 5), "damaged");
        assertEquals(Path.of("/c/llams/speed.json"), SpeedProfile.standardFile(Map.of("XDG_CACHE_HOME", "/c")));
    }

    private static double speed(Path file, Device device, String build, Workload.Step step, double seconds)
            throws IOException {
        return SpeedProfile.open(file, device, build).speed(step, () -> new SpeedProfile.Speed(seconds, 0.5)).seconds();
    }
}

package llams.trainer.measure;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.tensor.DType;
import llams.engine.weights.KnownShapes;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The time of a large step follows from smaller ones, and what was measured is remembered as long as it holds.
class StepTimeTest {
    private static final double FLOPS_A_SECOND = 1e11;

    @TempDir
    Path directory;

    private static StepTime.Probe probe(String shape, LoraConfig lora, int rows, int tokens) {
        return new StepTime.Probe(shape.equals("tiny") ? RandomModel.config(shape) : KnownShapes.BY_NAME.get(shape),
                DType.BF16, lora, rows, tokens, false, 1);
    }

    /// On a machine on which the time is that of the arithmetic.
    @Test
    void layersRowsAndTokensAddUp() throws IOException {
        for (StepTime.Probe whole : List.of(probe("tiny", null, 4, 128),
                probe("llama3.2-1b", LoraConfig.standard(), 8, 512),
                probe("llama3-8b", LoraConfig.standard(), 2, 2048))) {
            List<StepTime.Probe> measured = new ArrayList<>();
            StepTime time = StepTime.of(whole, 1, asked -> {
                measured.add(asked);
                return new SpeedProfile.Speed(asked.flops() / FLOPS_A_SECOND, 3);
            });
            assertEquals(whole.flops() / FLOPS_A_SECOND, time.step(1), 0.03 * time.step(1), whole.toString());
            assertEquals(time.pass() / (whole.lora() == null ? 3 : 2), time.forward(), 1e-9);
            for (StepTime.Probe asked : measured) {
                assertTrue(asked.flops() < 3e12, "takes long: " + asked);
            }
        }
    }

    @Test
    void theUpdateIsMadeOnceAStep() throws IOException {
        StepTime time = StepTime.of(probe("tiny", null, 4, 128), 5,
                asked -> new SpeedProfile.Speed(0.2 + 0.5 * asked.microBatches(), 0));
        assertEquals(0.2, time.update(), 1e-9);
        assertEquals(5 * 0.5 + 0.2, time.step(5), 1e-9);
    }

    @Test
    void aProfileHoldsForOneMachineAndProgram() throws IOException {
        Path file = directory.resolve("cache/speed.json");
        Device device = Devices.byName("cpu");
        StepTime.Probe probe = probe("tiny", null, 4, 128);
        assertEquals(1, speed(file, device, "a", probe, 1));
        assertEquals(1, speed(file, device, "a", probe, 2), "remembered");
        assertEquals(3, speed(file, device, "a", probe.withRows(2), 3), "another step");
        assertEquals(4, speed(file, device, "b", probe, 4), "another program");
        Files.writeString(file, "{damaged");
        assertEquals(5, speed(file, device, "b", probe, 5), "damaged");
        assertEquals(Path.of("/c/llams/speed.json"), SpeedProfile.standardFile(Map.of("XDG_CACHE_HOME", "/c")));
    }

    private static double speed(Path file, Device device, String build, StepTime.Probe probe, double seconds)
            throws IOException {
        return SpeedProfile.open(file, device, build)
                .speed(probe, () -> new SpeedProfile.Speed(seconds, 0.5))
                .seconds();
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Predicate;
import llams.engine.device.Devices;
import llams.engine.plan.Program;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What is forecast is what the run says it needs, and what is advised is the mildest change that fits.
class ForecastTest {
    @TempDir
    Path directory;

    @Test
    void theForecastIsTheRunsOwnPlan() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        for (LoraConfig lora : new LoraConfig[] {SmallRun.LORA, null}) {
            TrainSettings settings = SmallRun.settings(lora, 1e-3, 1, 0);
            try (LlamaWeights base = LlamaWeights.open(model);
                    TrainingRun run = TrainingRun.of(Devices.byName("cpu"), settings, base, SmallRun.data(), null,
                            directory.resolve("out"))) {
                assertEquals(run.plan().memory(), Forecast.of(base.config, base.frozen(), settings));
            }
        }
    }

    @Test
    void theMildestChangeThatFitsIsAdvised() throws IOException {
        try (LlamaWeights base = LlamaWeights.open(SmallRun.model(directory.resolve("model")))) {
            TrainSettings full = SmallRun.settings(null, 1e-3, 1, 0).withTokens(256);
            assertEquals(Optional.of("`recompute`"), advice(base, full, memory -> true));
            TrainSettings recompute = full.withRecompute(true);
            long enough = Forecast.of(base.config, base.frozen(), recompute).temporaries() - 1;
            assertEquals(Optional.of("`recompute` `batch 1` `accumulate 4`"),
                    advice(base, full, memory -> memory.temporaries() <= enough));
            long state = Forecast.of(base.config, base.frozen(), full).state();
            assertEquals(Optional.of("`lora`"), advice(base, full, memory -> memory.state() < state));
            assertEquals(Optional.empty(), advice(base, full, memory -> false));
        }
    }

    private static Optional<String> advice(LlamaWeights base, TrainSettings settings, Predicate<Program.Memory> fits) {
        return Forecast.remedy(base.config, base.frozen(), settings, SmallRun.LORA, fits);
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.ToLongFunction;
import java.util.stream.IntStream;
import llams.engine.device.Devices;
import llams.engine.llama.LlamaConfig;
import llams.engine.plan.Program;
import llams.engine.weights.LlamaWeights;
import llams.model.create.NewModel;
import llams.model.files.ByteProgress;
import llams.model.lora.LoraConfig;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
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

    /// Unpacked, as many programs are kept as there are sizes of micro-batches, if the budget allows.
    @Test
    void programsAreForecastForTheSizesThatTheDataHas() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        List<Long> bytes = new ArrayList<>();
        for (int lengths : new int[] {1, 2, 3}) {
            List<Document> documents = IntStream.range(0, 12)
                    .mapToObj(d -> IntStream.range(1, 20 + d % lengths).toArray())
                    .map(ids -> new Document("d", ids, ids, false))
                    .toList();
            TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-3, 1, 0).withPack(false).withBatch(1, 2);
            try (LlamaWeights base = LlamaWeights.open(model);
                    TrainingRun run = TrainingRun.of(Devices.byName("cpu"), settings, base,
                            new PackedDataset(documents, 32, false), null, directory.resolve("out"))) {
                bytes.add(run.plan().memory().temporaries());
            }
        }
        assertTrue(bytes.get(1) > bytes.get(0), bytes.toString());
        assertEquals(bytes.get(1) - bytes.get(0), bytes.get(2) - bytes.get(1));
    }

    /// What is advised if this much of it is there.
    private static Optional<String> advice(LlamaWeights base, TrainSettings settings,
            ToLongFunction<Program.Memory> needed, long available) throws IOException {
        return new Remedy(base.config, base.frozen(), base.allocatedBytes(), needed, available).of(settings,
                SmallRun.LORA);
    }

    @Test
    void theMildestChangeThatFitsIsAdvised() throws IOException {
        try (LlamaWeights base = LlamaWeights.open(SmallRun.model(directory.resolve("model")))) {
            TrainSettings full = SmallRun.settings(null, 1e-3, 1, 0).withTokens(256);
            ToLongFunction<Program.Memory> temporaries = Program.Memory::temporaries;
            ToLongFunction<Program.Memory> state = Program.Memory::state;
            assertEquals(Optional.of("`recompute`"), advice(base, full, temporaries, Long.MAX_VALUE));
            long recompute = Forecast.of(base.config, base.frozen(), full.withRecompute(true)).temporaries();
            assertEquals(Optional.of("`batch 1` `accumulate 4`"), advice(base, full, temporaries, recompute - 1));
            long both = Forecast.of(base.config, base.frozen(), full.withRecompute(true).withBatch(1, 4)).temporaries();
            assertEquals(Optional.of("`recompute` `batch 1` `accumulate 4`"), advice(base, full, temporaries, both));
            long all = Forecast.of(base.config, base.frozen(), full).state();
            assertEquals(Optional.of("`optimizer adamw8bit`"), advice(base, full, state, all - 1));
            assertEquals(Optional.of("`optimizer adamw8bit` `trainDtype bf16`"),
                    advice(base, full, state, all * 11 / 20));
            assertEquals(Optional.of("`optimizer adamw8bit` `trainDtype bf16` `clip 0`"),
                    advice(base, full.withBatch(1, 1), state, all * 2 / 5));
            assertEquals(Optional.of("`lora`"), advice(base, full, state, all / 3));
            assertEquals(Optional.empty(), advice(base, full, memory -> 1, 0));
        }
    }

    /// Quantizing costs more exactness with fewer bits, and nothing is gained by it where weights are mapped and need not
    /// fit.
    @Test
    void aFrozenBaseIsQuantizedIfThatHelps() throws IOException {
        Path model = directory.resolve("model");
        LlamaConfig config = LlamaConfig.standard(64, 128, 2, 4, 2, 96).withMaxPositions(64);
        NewModel.write(config.withMetadata(config.metadata().withDtype("bfloat16")), 5, null, model,
                ByteProgress.SILENT);
        try (LlamaWeights base = LlamaWeights.open(model)) {
            TrainSettings lora = SmallRun.settings(SmallRun.LORA, 1e-3, 1, 0).withBatch(1, 4).withRecompute(true);
            long weights = Forecast.of(base.config, base.frozen(), lora).weights();
            ToLongFunction<Program.Memory> weightsAndMade = memory -> memory.total() - memory.temporaries();
            long all = weightsAndMade.applyAsLong(Forecast.of(base.config, base.frozen(), lora));
            assertEquals(Optional.of("`weights q8`"), advice(base, lora, weightsAndMade, all - 1));
            assertEquals(Optional.of("`optimizer adamw8bit` `weights nf4`"),
                    advice(base, lora, weightsAndMade, all - weights * 8 / 10));
            ToLongFunction<Program.Memory> state = Program.Memory::state;
            assertEquals(Optional.of("`optimizer adamw8bit`"),
                    advice(base, lora, state, Forecast.of(base.config, base.frozen(), lora).state() - 1));
        }
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.engine.device.Devices;
import llams.engine.llama.ProjectionName;
import llams.engine.weights.LlamaWeights;
import llams.model.lora.LoraConfig;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import llams.trainer.optim.Schedule;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A run goes on with the settings of its saves; which others it was given is said by their names.
class ResumeNamesWhatDiffersTest {
    @TempDir
    Path directory;

    private static TrainSettings settings(LoraConfig lora, double rate, int steps, int warmup, int keep, int evalEvery,
            boolean recompute) {
        return SmallRun.settings(lora, rate, 1, 0)
                .withSteps(steps)
                .withSchedule(Schedule.Kind.COSINE, warmup)
                .withEvalEvery(Interval.steps(evalEvery))
                .withSaves(Interval.steps(2), keep)
                .withRecompute(recompute);
    }

    private static RunSettings of(Map<String, String> values) {
        SortedMap<String, String> all = new TreeMap<>(Map.of("method", "lora", "steps", "10", "warmup", "1"));
        all.putAll(values);
        return new RunSettings(all, true);
    }

    @ParameterizedTest
    @CsvSource({"3e-4, 3e-4", "1e-3, 0.001", "2.5e-5, 0.000025", "0.01, 0.01", "0.5, 0.5", "0, 0", "16, 16.0",
            "1000000000, 1e9", "-1e-3, -0.001", "0.999, 0.999"})
    void numbersAreWrittenAsPeopleDo(String text, double value) {
        assertEquals(text, RunSettings.number(value));
    }

    @Test
    void eachByItsName() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        LoraConfig lora = new LoraConfig(2, 4, 0, EnumSet.of(ProjectionName.Q), false);
        SmallRun.notes(settings(lora, 3e-4, 4, 1, 2, 0, false), model, out, false);
        String start = out.resolve("step-000002") + " belongs to a run with other settings, data or model: ";
        String end = "; use the same as before, or another `out`";
        LoraConfig wider = new LoraConfig(3, 4, 0, EnumSet.of(ProjectionName.Q), false);
        for (Map.Entry<TrainSettings, String> other : List.of(
                Map.entry(settings(lora, 1e-3, 4, 1, 2, 0, false), "lr: was 3e-4, is now 1e-3"),
                Map.entry(settings(wider, 1e-3, 4, 1, 2, 0, false), "lr: was 3e-4, is now 1e-3; rank: was 2, is now 3"),
                Map.entry(settings(lora, 3e-4, 4, 0, 2, 0, false), "warmup: was 1, is now 0"),
                Map.entry(settings(null, 3e-4, 4, 1, 2, 0, false), "method: was lora, is now full"))) {
            assertEquals(start + other.getValue() + end,
                    assertThrows(IOException.class, () -> SmallRun.notes(other.getKey(), model, out, true))
                            .getMessage());
        }
        PackedDataset oneMore = new PackedDataset(List.of(new Document("a", new int[] {3, 4, 5}, new int[] {3, 4, 5})),
                32, true);
        assertEquals(start + "documents: was 20, is now 1" + end,
                assertThrows(IOException.class,
                        () -> SmallRun.notes(settings(lora, 3e-4, 4, 1, 2, 0, false), model, oneMore, out, true))
                        .getMessage());
    }

    @Test
    void whatHasNoInfluenceOnNumbersMayDiffer() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        SmallRun.notes(settings(SmallRun.LORA, 1e-3, 4, 1, 2, 0, false), model, out, false);
        assertEquals("from step-000004",
                SmallRun.notes(settings(SmallRun.LORA, 1e-3, 4, 1, 5, 1, true), model, out, true).getFirst());
    }

    @Test
    void theWarmUpBelongsToTheLength() {
        RunSettings then = of(Map.of());
        assertEquals(List.of(), of(Map.of("steps", "100", "warmup", "10")).differences(then));
        assertEquals(List.of("warmup: was 1, is now 10"), of(Map.of("warmup", "10")).differences(then));
    }

    @Test
    void aNewSettingKeepsOldSavesValid() {
        RunSettings then = of(Map.of("lr", "1"));
        // With its default it is left out.
        assertEquals(List.of(), of(Map.of("lr", "1")).differences(then));
        assertEquals(List.of("ema: was none, is now 0.99"), of(Map.of("lr", "1", "ema", "0.99")).differences(then));
        assertEquals(List.of("ema: was 0.99, is now none"), then.differences(of(Map.of("lr", "1", "ema", "0.99"))));
        // What a config has to say grows too.
        assertEquals(List.of(), of(Map.of("lr", "1", "model.new_key", "1")).differences(then));
    }

    @Test
    void dataBaseAndModelAreSaidAsWhatTheyAre() {
        RunSettings then = of(Map.of("documents", "12", "data", "a1", "base", "1:aa", "model.rope_theta", "10000.0"));
        assertEquals(
                List.of("model: its weights have changed", "data: different tokens, in as many documents",
                        "model.rope_theta: was 10000.0, is now 500000.0"),
                of(Map.of("documents", "12", "data", "b2", "base", "1:bb", "model.rope_theta", "500000.0"))
                        .differences(then));
    }

    @Test
    void otherArithmeticIsSaid() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        SmallRun.notes(SmallRun.constant(2, 1, 1), model, out, false);
        SmallRun.Notes notes = new SmallRun.Notes();
        try (LlamaWeights base = LlamaWeights.open(model);
                TrainingRun run = TrainingRun.of(Devices.byName("scalar"), SmallRun.constant(3, 1, 1), base,
                        SmallRun.data(), null, out)) {
            run.run(true, notes);
        }
        assertEquals("saved on cpu, continued on scalar: the numbers will differ in their last bits"
                + " from those of an unbroken run", notes.said.get(1));
    }
}

package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Saves that the program made when it had no sums, and its settings were one line of text: `first-format` has one, of
/// [SmallRun#settings] with [#LORA], 1e-2, 1 and 2, after 4 of 7 steps.
class FirstFormatSavesGoOnTest {
    private static final LoraConfig LORA = new LoraConfig(1, 2, 0, EnumSet.of(ProjectionName.Q), false);

    @TempDir
    Path directory;
    private Path model;
    private Path out;
    private Path save;

    @BeforeEach
    void copy() throws IOException, URISyntaxException {
        model = SmallRun.model(directory.resolve("model"));
        out = Files.createDirectory(directory.resolve("out"));
        save = Files.createDirectory(out.resolve("step-000004"));
        Path from = Path.of(FirstFormatSavesGoOnTest.class.getResource("first-format/train.jsonl").toURI()).getParent();
        for (String file : List.of("train.jsonl", "step-000004/state.json", "step-000004/state.safetensors")) {
            Files.copy(from.resolve(file), out.resolve(file));
        }
    }

    private static TrainSettings settings(double rate, int seed) {
        return SmallRun.settings(LORA, rate, seed, 2);
    }

    private String refused(TrainSettings settings) {
        return assertThrows(IOException.class, () -> SmallRun.notes(settings, model, out, true)).getMessage();
    }

    @Test
    void asIfTheyWereNew() throws IOException {
        assertEquals(List.of("from step-000004", "step 4", "step 5", "step 6"),
                SmallRun.notes(settings(1e-2, 1), model, out, true));
        List<Double> straight = losses(settings(1e-2, 1), directory.resolve("straight"));
        List<String> log = Files.readAllLines(out.resolve("train.jsonl"));
        assertEquals(SmallRun.STEPS, log.size());
        for (int step = 0; step < log.size(); step++) {
            double loss = Double.parseDouble(log.get(step).replaceAll(".*\"loss\":([^,]*),.*", "$1"));
            // It was made with vectors of 512 bits.
            assertEquals(straight.get(step), loss, 1e-5 * loss);
        }
        assertEquals(List.of("step-000004", "step-000006", "step-000007"),
                Saves.all(out).stream().map(path -> path.getFileName().toString()).toList());
    }

    private List<Double> losses(TrainSettings settings, Path place) throws IOException {
        List<Double> losses = new ArrayList<>();
        SmallRun.run(settings, model, place, false, report -> losses.add(report.loss()));
        return losses;
    }

    @Test
    void butOnlyWithTheirSettings() {
        assertTrue(refused(settings(1e-3, 2))
                .contains(": lr: was 0.01, is now 1e-3; seed: was 1, is now 2; use the same"));
        assertTrue(
                refused(SmallRun.settings(null, 1e-2, 1, 2)).contains(": method: was lora, is now full; use the same"));
        LoraConfig wider = new LoraConfig(2, 2, 0.1, EnumSet.of(ProjectionName.Q, ProjectionName.V), true);
        assertTrue(refused(SmallRun.settings(wider, 1e-2, 1, 2)).contains(
                ": lora-dropout: was 0, is now 0.1; rank: was 1, is now 2; rslora: was false, is now true; targets: was"
                        + " q, is now q,v; use"));
    }

    @Test
    void withWhatCanBeChecked() throws IOException {
        Files.writeString(save.resolve("state.json"),
                Files.readString(save.resolve("state.json")).replace("\"step\":4", "\"step\":2"));
        assertTrue(refused(settings(1e-2, 1)).contains("is damaged: state.json is of step 2"));
        Files.writeString(save.resolve("state.json"), "{\"step\":4,");
        assertTrue(refused(settings(1e-2, 1)).contains("is damaged: state.json cannot be read"));
        Files.writeString(save.resolve("state.json"), "{\"step\":4,\"epoch\":0,\"index\":16,\"run\":\"?\"}");
        assertTrue(refused(settings(1e-2, 1)).contains("is damaged: state.json cannot be read"));
        Files.delete(save.resolve("state.json"));
        assertTrue(refused(settings(1e-2, 1)).contains("is damaged: state.json is missing"));
    }

    @Test
    void withTensorsOfTheRightForm() throws IOException {
        String name = "base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight";
        rewrite(name, null);
        assertTrue(refused(settings(1e-2, 1)).contains("is damaged: state.safetensors has no \"" + name + "\""));
        rewrite(name, tensor(DType.F32, Shape.of(1, 32)));
        assertTrue(refused(settings(1e-2, 1)).contains("has \"" + name + "\" as F32 [1, 32], not F32 [32, 1]"));
        rewrite(name, tensor(DType.BF16, Shape.of(32, 1)));
        assertTrue(refused(settings(1e-2, 1)).contains("has \"" + name + "\" as BF16 [32, 1], not F32 [32, 1]"));
        Files.write(save.resolve("state.safetensors"), new byte[20]);
        assertTrue(refused(settings(1e-2, 1)).contains("is damaged: "));
    }

    private static Tensor tensor(DType dtype, Shape shape) {
        return Tensor.allocate(Arena.ofAuto(), dtype, shape);
    }

    /// Replaces a tensor of the save, or leaves it out.
    private void rewrite(String name, Tensor replacement) throws IOException {
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        try (SafetensorsFile file = SafetensorsFile.open(save.resolve("state.safetensors"))) {
            for (String each : file.entries().keySet()) {
                Tensor old = file.tensor(each);
                Tensor copy = tensor(old.dtype(), old.shape());
                copy.data().copyFrom(old.data());
                tensors.put(each, copy);
            }
        }
        tensors.remove(name);
        if (replacement != null) {
            tensors.put(name, replacement);
        }
        SafetensorsWriter.writeFile(save.resolve("state.safetensors"), tensors, Map.of());
    }
}

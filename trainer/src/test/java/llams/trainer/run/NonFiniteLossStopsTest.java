package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.trainer.data.Document;
import llams.trainer.data.PackedDataset;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A loss or gradient that is not finite stops the run at that step, names it, and leaves the last save as it was.
class NonFiniteLossStopsTest {
    @TempDir
    Path directory;

    @Test
    void aNanWeightStopsTheFirstStep() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        poison(model, "model.layers.1.mlp.up_proj.weight", 7);
        Path out = directory.resolve("out");
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class,
                () -> SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-3, 1, 2), model, out, false, report -> {}));
        assertEquals(0, e.step);
        assertTrue(e.getMessage().startsWith("step 0: loss is NaN, with documents document "), e.getMessage());
        assertTrue(e.getMessage().endsWith("nothing was saved before"), e.getMessage());
        assertFalse(Files.exists(out.resolve("adapter_config.json")));
    }

    @Test
    void aRunawayLearningRateStopsAndKeepsTheLastSave() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        Path out = directory.resolve("out");
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class,
                () -> SmallRun.run(SmallRun.settings(null, 1e10, 1, 1), model, out, false, report -> {}));
        // The rate of step 0 is 0, so at least one step is good.
        assertTrue(e.step > 0, e.getMessage());
        Path save = RunDirectory.newestSave(out).orElseThrow();
        assertEquals(Saves.directory(out, e.step), save);
        assertTrue(e.getMessage().endsWith("the last good save is " + save), e.getMessage());
        assertFalse(Files.exists(out.resolve("config.json")));
        try (Checkpoint state = Checkpoint.open(save.resolve("state.safetensors"))) {
            for (String name : state.names()) {
                for (float value : state.tensor(name).toFloats()) {
                    assertTrue(Float.isFinite(value), name + " of the save has " + value);
                }
            }
        }
    }

    @Test
    void theDocumentAtFaultIsNamed() throws IOException {
        Path model = SmallRun.model(directory.resolve("model"));
        // The numbers of an id that a single document has.
        poison(model, "model.embed_tokens.weight", 50 * SmallRun.CONFIG.dim());
        List<Document> documents = new ArrayList<>();
        for (int d = 0; d < 40; d++) {
            int[] ids = {3, 4, d == 33 ? 50 : 5, 6};
            documents.add(new Document("chats.jsonl:" + d, ids, ids));
        }
        PackedDataset data = new PackedDataset(documents, 4, false);
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-3, 1, 1);
        Path out = directory.resolve("out");
        NonFiniteLossException e = assertThrows(NonFiniteLossException.class,
                () -> SmallRun.run(settings, model, data, out, run -> run.run(false, report -> {})));
        Matcher message = Pattern
                .compile("step (\\d+): loss is NaN, with documents (chats\\.jsonl:\\d+,"
                        + " chats\\.jsonl:\\d+); lower .*")
                .matcher(e.getMessage());
        assertTrue(message.matches(), e.getMessage());
        // The two of one micro-batch, of the four of the step.
        assertTrue(List.of(message.group(2).split(", ")).contains("chats.jsonl:33"), e.getMessage());
        assertEquals(e.step, Integer.parseInt(message.group(1)));
    }

    private static void poison(Path model, String name, long element) throws IOException {
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(model)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (Map.Entry<String, Tensor> entry : weights.resident().entrySet()) {
                Tensor copy = Tensor.allocate(arena, entry.getValue().dtype(), entry.getValue().shape());
                copy.data().copyFrom(entry.getValue().data());
                tensors.put(entry.getKey(), copy);
            }
            tensors.get(name).setFloat(element, Float.NaN);
            SafetensorsWriter.writeFile(model.resolve("model.safetensors"), tensors, Map.of());
        }
    }
}

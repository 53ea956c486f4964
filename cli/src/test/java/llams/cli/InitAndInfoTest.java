package llams.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.engine.weights.KnownShapes;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class InitAndInfoTest {
    @TempDir
    Path directory;

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static ObjectNode info(Path path) {
        return JsonLine.parse(done("info", path.toString(), "--json").out().strip(), "output");
    }

    /// The parameter counts that the models' cards and weight files give.
    @Test
    void theKnownShapesHaveThePublishedSizes() {
        assertEquals(8_030_261_248L, KnownShapes.BY_NAME.get("llama3-8b").parameters());
        assertEquals(8_030_261_248L, KnownShapes.BY_NAME.get("llama3.1-8b").parameters());
        assertEquals(1_235_814_400L, KnownShapes.BY_NAME.get("llama3.2-1b").parameters());
        assertEquals(3_212_749_824L, KnownShapes.BY_NAME.get("llama3.2-3b").parameters());
    }

    @Test
    void infoDescribesAModelThatInitWrote() throws IOException {
        ObjectNode info = info(SmallModel.create(directory));
        assertEquals(512 * 32 + 2 * (2 * 32 * 32 + 2 * 32 * 16 + 3 * 32 * 48 + 2 * 32) + 32,
                info.get("parameters").asLong());
        assertEquals(info.get("parameters"), info.get("elements"));
        assertTrue(info.get("tokenizer").asBoolean());
        assertEquals("[257]", info.get("stopIds").toString());
        assertEquals("[48,32]", info.get("tensors").get("model.layers.1.mlp.up_proj.weight").get("shape").toString());
        assertEquals(32, info.get("config").get("hidden_size").asInt());
        assertTrue(info.get("memoryBytes").get("full").get("state").asLong() >= 16 * info.get("parameters").asLong());
        assertTrue(info.get("memoryBytes").get("lora").get("weights").asLong() >= 4 * info.get("parameters").asLong());
        String text = done("info", directory.resolve("model").toString()).out();
        assertTrue(text.contains("model.layers.*.mlp.up_proj.weight  F32 [48, 32]  x2"), text);
    }

    @Test
    void infoDescribesASingleWeightFile() throws IOException {
        SmallModel.create(directory);
        ObjectNode info = info(directory.resolve("model/model.safetensors"));
        assertEquals("F32", info.get("tensors").get("model.norm.weight").get("dtype").asString());
        assertFalse(info.has("parameters"));
    }

    @Test
    void aSeedRepeatsTheWeightsAndADtypeNarrowsThem() throws IOException {
        Path model = SmallModel.create(directory);
        String config = directory.resolve("config.json").toString();
        Path again = directory.resolve("again");
        done("init", "--config", config, "--out", again.toString(), "--seed", "3");
        assertArrayEquals(Files.readAllBytes(model.resolve("model.safetensors")),
                Files.readAllBytes(again.resolve("model.safetensors")));
        Path narrow = directory.resolve("narrow");
        done("init", "--config", config, "--out", narrow.toString(), "--dtype", "bf16");
        assertEquals("BF16", info(narrow).get("tensors").get("model.norm.weight").get("dtype").asString());
        assertEquals("bfloat16", info(narrow).get("config").get("torch_dtype").asString());
    }

    @Test
    void aTokenizerTooLargeForTheModelIsRefusedBeforeAnythingIsWritten() throws IOException {
        Path config = Files.writeString(directory.resolve("few.json"), SmallModel.CONFIG.replace("512", "500"));
        Path out = directory.resolve("out");
        Llams run = Llams.run("init", "--config", config.toString(), "--out", out.toString(), "--tokenizer",
                SmallModel.tokenizer(directory).toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains("512 ids, more than the model's vocabulary of 500"), run.err());
        assertFalse(Files.exists(out));
    }

    @Test
    void anUnknownShapeIsWrongUsage() {
        Llams run = Llams.run("init", "--config", "llama4", "--out", directory.resolve("out").toString());
        assertEquals(2, run.code());
        assertTrue(run.err().contains("llama3.2-1b"), run.err());
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.Golden;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Shape;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

class GenerateCommandTest {
    @TempDir
    static Path directory;

    static String model;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(directory).toString();
    }

    private static Llams generate(String... options) {
        List<String> args = new ArrayList<>(List.of("generate", "-m", model));
        args.addAll(List.of(options));
        Llams run = Llams.run(args.toArray(String[]::new));
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private static ObjectNode json(String... options) {
        List<String> args = new ArrayList<>(List.of(options));
        args.add("--json");
        return JsonLine.parse(generate(args.toArray(String[]::new)).out().strip(), "output");
    }

    @Test
    void theStoriesModelContinuesAsInItsGoldenFile() throws IOException {
        Path stories = Golden.besideOrSkip("shared/models/stories260k");
        JsonNode golden = JsonMapper.shared().readTree(Files.readAllBytes(stories.resolve("golden.json")));
        List<String> expected = new ArrayList<>();
        golden.get("tokens64").forEach(id -> expected.add(id.toString()));
        Llams run = Llams.run("generate", "-m", stories.toString(), "--ids", "1", "-n", "64", "--temp", "0",
                "--print-ids");
        assertEquals(String.join(",", expected) + System.lineSeparator(), run.out());
    }

    @Test
    void textIsBegunByTheTokenizersBeginToken() {
        String ids = generate("--ids", SmallModel.BEGIN + ",104,105", "-n", "20", "--temp", "0", "--print-ids").out();
        assertEquals(ids, generate("-p", "hi", "-n", "20", "--temp", "0", "--print-ids").out());
        // A prompt that has the token itself does not get a second one.
        assertEquals(ids,
                generate("-p", "<|begin_of_text|>hi", "--special", "parse", "-n", "20", "--temp", "0", "--print-ids")
                        .out());
        // As plain text, it is seventeen letters.
        assertEquals(20, json("-p", "<|begin_of_text|>hi", "-n", "1").get("promptTokens").asInt());
    }

    @Test
    void aTokenizerWithoutABeginTokenLeavesThePromptAsItIs(@TempDir Path other) throws IOException {
        Path without = SmallModel.create(other);
        Files.writeString(without.resolve("tokenizer_config.json"), "{\"add_bos_token\": false}");
        Llams run = Llams.run("generate", "-m", without.toString(), "-p", "hi", "-n", "20", "--temp", "0",
                "--print-ids");
        assertEquals(generate("--ids", "104,105", "-n", "20", "--temp", "0", "--print-ids").out(), run.out());
        assertTrue(run.err().contains("no token begins a text"), run.err());
    }

    @Test
    void aPromptFileIsThePromptsText() throws IOException {
        Path file = Files.writeString(directory.resolve("prompt.txt"), "hi");
        assertEquals(generate("-p", "hi", "-n", "10", "--temp", "0", "--print-ids").out(),
                generate("-f", file.toString(), "-n", "10", "--temp", "0", "--print-ids").out());
    }

    @Test
    void streamedTextIsTheIdsText() {
        ObjectNode report = json("-p", "hi", "-n", "30", "--temp", "0");
        assertEquals(30, report.get("ids").size());
        assertEquals("length", report.get("end").asString());
        assertEquals(report.get("text").asString() + System.lineSeparator(),
                generate("-p", "hi", "-n", "30", "--temp", "0").out());
    }

    @Test
    void theTextEndsBeforeAStopText() {
        // From any prompt, the greedy continuation of a random model has some text of two characters or more.
        String text = json("-p", "hi", "-n", "40", "--temp", "0").get("text").asString();
        String stop = text.substring(text.length() / 2, text.length() / 2 + 2);
        ObjectNode stopped = json("-p", "hi", "-n", "40", "--temp", "0", "--stop", stop, "--stop", "not there");
        assertEquals(text.substring(0, text.indexOf(stop)), stopped.get("text").asString());
        assertEquals("stop text", stopped.get("end").asString());
    }

    @Test
    void stopIdsOfTheGenerationConfigEndIt() throws IOException {
        int third = json("-p", "hi", "-n", "40", "--temp", "0").get("ids").get(2).asInt();
        Path file = Path.of(model, "generation_config.json");
        byte[] before = Files.readAllBytes(file);
        try {
            Files.writeString(file, "{\"eos_token_id\": [511, " + third + "]}");
            ObjectNode report = json("-p", "hi", "-n", "40", "--temp", "0");
            assertEquals("stop id", report.get("end").asString());
            assertTrue(report.get("ids").size() <= 2, report.toString());
        } finally {
            Files.write(file, before);
        }
    }

    @Test
    void theEndOfTheContextIsToldApart() {
        ObjectNode report = json("--ids", "1,2,3", "-n", "1000", "--temp", "0");
        assertEquals("context", report.get("end").asString());
        // The last token is made from a full context and does not have to fit in.
        assertEquals(SmallModel.CONTEXT - 3 + 1, report.get("ids").size());
        assertTrue(generate("--ids", "1", "-n", "1000", "--temp", "0").err().contains("end of the model's context"));
    }

    @Test
    void aSeedRepeatsTheChoices() {
        String first = generate("-p", "hi", "--temp", "2", "--seed", "7", "--print-ids").out();
        assertEquals(first, generate("-p", "hi", "--temp", "2", "--seed", "7", "--print-ids").out());
        assertNotEquals(first, generate("-p", "hi", "--temp", "2", "--seed", "8", "--print-ids").out());
        assertEquals(generate("-p", "hi", "--temp", "0", "--print-ids").out(),
                generate("-p", "hi", "--temp", "2", "--top-k", "1", "--print-ids").out());
    }

    @Test
    void threadsDoNotChangeTheChoice() {
        assertEquals(generate("-p", "hi", "--temp", "0", "--print-ids", "--threads", "1").out(),
                generate("-p", "hi", "--temp", "0", "--print-ids", "--threads", "3").out());
    }

    @Test
    void tapsHoldEveryNamedValueOfThePrompt() throws IOException {
        Path file = directory.resolve("taps.safetensors");
        int best = json("--ids", "5,6,7", "-n", "1", "--temp", "0", "--tap", file.toString()).get("ids").get(0).asInt();
        try (Checkpoint taps = Checkpoint.open(file)) {
            assertEquals(Shape.of(3, 32), taps.shape("embedding"));
            assertEquals(Shape.of(3, 32), taps.shape("layers.1.attention"));
            assertEquals(Shape.of(3, 32), taps.shape("layers.1.out"));
            assertEquals(Shape.of(3, 32), taps.shape("hidden"));
            for (String name : List.of("attention_norm", "q", "o", "ffn_norm", "down")) {
                assertEquals(Shape.of(3, 32), taps.shape("layers.0." + name), name);
            }
            for (String name : List.of("k", "v")) {
                assertEquals(Shape.of(3, 16), taps.shape("layers.0." + name), name);
            }
            for (String name : List.of("gate", "up")) {
                assertEquals(Shape.of(3, 48), taps.shape("layers.0." + name), name);
            }
            assertEquals(Shape.of(3, 512), taps.shape("logits"));
            float[] logits = taps.tensor("logits").toFloats();
            int highest = 2 * 512;
            for (int i = 2 * 512; i < 3 * 512; i++) {
                highest = logits[i] > logits[highest] ? i : highest;
            }
            assertEquals(best, highest - 2 * 512);
        }
    }
}

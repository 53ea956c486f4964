package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class QuantizeCommandTest {
    @TempDir
    Path directory;

    private String model;
    private String quantized;

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    @BeforeEach
    void quantize() throws IOException {
        model = SmallModel.create(directory).toString();
        quantized = directory.resolve("quantized").toString();
        String said = done("quantize", "--model", model, "--out", quantized, "--dtype", "q8_0").out();
        assertTrue(said.contains("13 matrices quantized") && said.contains("not quantized"), said);
    }

    @Test
    void generatingGivesTheSameFromTheDirectoryAndWhileLoading() {
        String[] rest = {"-p", "hi", "-n", "20", "--temp", "0", "--print-ids"};
        String stored = done(with("generate", quantized, rest)).out();
        assertEquals(stored, done(with("generate", model, with("--weights", "q8", rest))).out());
        assertEquals(stored, done(with("generate", quantized, with("--weights", "q8", rest))).out());
    }

    private static String[] with(String command, String directory, String[] rest) {
        String[] first = command.startsWith("--")
                ? new String[] {command, directory}
                : new String[] {command, "-m", directory};
        String[] all = java.util.Arrays.copyOf(first, first.length + rest.length);
        System.arraycopy(rest, 0, all, first.length, rest.length);
        return all;
    }

    @Test
    void perplexityAndTrainingTakeBoth() throws IOException {
        Path text = Files.writeString(directory.resolve("text.txt"), "so it goes, and so it goes on. ".repeat(20));
        String stored = done("eval", "perplexity", "-m", quantized, "--data", text.toString(), "--json").out();
        assertEquals(stored,
                done("eval", "perplexity", "-m", model, "--weights", "q8", "--data", text.toString(), "--json").out());
        String tuned = directory.resolve("tuned").toString();
        done("train", "-m", model, "--weights", "q8", "--data", text.toString(), "--steps", "2", "--tokens", "32",
                "--out", tuned);
        done("generate", "-m", quantized, "--adapter", tuned, "-p", "hi", "-n", "3");
        Llams full = Llams.run("train", "-m", model, "--weights", "q8", "--method", "full", "--data", text.toString(),
                "--out", directory.resolve("full").toString());
        assertEquals(2, full.code());
        assertTrue(full.err().contains("--weights q8 is for the frozen base"), full.err());
    }

    @Test
    void infoShowsWhatTheBytesStandFor() {
        ObjectNode info = JsonLine.parse(done("info", quantized, "--json").out().strip(), "output");
        assertEquals("q8_0", info.get("quantization").asString());
        assertEquals(info.get("parameters"), info.get("elements"));
        assertEquals("Q8_0", info.get("tensors").get("model.embed_tokens.weight").get("dtype").asString());
        assertFalse(info.get("memoryBytes").has("full"));
        assertTrue(info.get("tokenizer").asBoolean());
        String text = done("info", quantized).out();
        assertTrue(text.contains("model.layers.*.mlp.up_proj.weight  Q8_0 [48, 32]  x2"), text);
    }

    @Test
    void nf4() throws IOException {
        String small = directory.resolve("nf4").toString();
        String said = done("quantize", "-m", model, "--to", "nf4", "--out", small).out();
        assertTrue(said.contains("14 matrices quantized"), said);
        String[] rest = {"-p", "hi", "-n", "20", "--temp", "0", "--print-ids"};
        assertEquals(done(with("generate", small, rest)).out(),
                done(with("generate", model, with("--weights", "nf4", rest))).out());
        ObjectNode info = JsonLine.parse(done("info", small, "--json").out().strip(), "output");
        assertEquals("nf4", info.get("quantization").asString());
        assertEquals(info.get("parameters"), info.get("elements"));
        Llams other = Llams.run("generate", "-m", small, "--weights", "q8", "-p", "hi");
        assertEquals(1, other.code());
        assertTrue(other.err().contains("quantized already (nf4)"), other.err());
    }

    @Test
    void aQuantizedModelIsNotQuantizedAgain() {
        Llams again = Llams.run("quantize", "-m", quantized, "--out", directory.resolve("again").toString());
        assertEquals(1, again.code());
        assertTrue(again.err().contains("quantized already (q8_0)"), again.err());
    }
}

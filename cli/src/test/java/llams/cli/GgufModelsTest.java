package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import llams.engine.Golden;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// A GGUF file is a model for every command that only reads its weights, and is refused with the way out by the others.
class GgufModelsTest {
    private static final Path FILES = Golden.ROOT.resolve("model/src/test/resources/golden2");
    private static final String MODEL = FILES.resolve("gguf/kquant-Q4_K_M.gguf").toString();

    @TempDir
    Path directory;

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    @Test
    void generatesAndContinuesAsItsGolden() {
        JsonNode golden = Golden.json(FILES.resolve("manifest.json")).at("/parts/gguf/values/kquant-Q4_K_M");
        Llams run = done("generate", "-m", MODEL, "--ids", joined(golden.get("prompt")), "-n", "16", "--temp", "0",
                "--print-ids");
        assertEquals(joined(golden.get("continuation")), run.out().strip());
    }

    private static String joined(JsonNode ids) {
        return ids.valueStream().map(JsonNode::asString).collect(Collectors.joining(","));
    }

    @Test
    void textIsThatOfItsVocabulary() throws IOException {
        Path tokenizer = Golden.ROOT.resolve("trainer/src/test/resources/golden2/gguf/tokenizer");
        for (String text : new String[] {"Hello, world 123!", "안녕하세요  여러분", "a\n\n b <|eot_id|>"}) {
            for (String special : new String[] {"text", "parse"}) {
                String wanted = tokenize(tokenizer.toString(), text, special);
                assertEquals(wanted, tokenize(MODEL, text, special));
                assertTrue(!wanted.isBlank(), text);
            }
        }
    }

    private static String tokenize(String place, String text, String special) {
        Llams run = Llams.withInput(text, "tokenize", "--tokenizer", place, "--bos", "--special", special);
        assertEquals(0, run.code(), run.err());
        return run.out();
    }

    @Test
    void anAdapterIsTrainedOnItAndUsedWithIt() throws IOException {
        Path text = Files.writeString(directory.resolve("text.txt"), "The quick brown fox. ".repeat(20));
        String adapter = directory.resolve("adapter").toString();
        done("train", "--method", "lora", "-m", MODEL, "--data", text.toString(), "--out", adapter, "--steps", "2",
                "--tokens", "16");
        Llams run = done("generate", "-m", MODEL, "--adapter", adapter, "-p", "The quick", "-n", "4", "--temp", "0");
        assertTrue(run.err().contains("made 4"), run.err());
        String scores = done("eval", "perplexity", "-m", MODEL, "--data", text.toString()).out();
        assertTrue(scores.contains("perplexity"), scores);
    }

    @Test
    void isShown() {
        String shown = done("info", MODEL).out();
        assertTrue(shown.contains("model.layers.*.mlp.down_proj.weight  Q6_K [256, 256]"), shown);
        assertTrue(shown.contains("model.layers.*.mlp.up_proj.weight  Q4_K [256, 256]"), shown);
        assertTrue(!shown.contains("no tokenizer") && !shown.contains("full"), shown);
    }

    @Test
    void whatChangesWeightsNeedsAnImportedOne() throws IOException {
        String out = directory.resolve("out").toString();
        Path text = Files.writeString(directory.resolve("text.txt"), "The quick brown fox. ".repeat(20));
        for (String[] args : new String[][] {{"quantize", "-m", MODEL, "--out", out},
                {"train", "--method", "full", "-m", MODEL, "--data", text.toString(), "--out", out},
                {"merge", "adapter", "--base", MODEL, "--adapter", out, "--out", out},
                {"merge", "chat-vector", "--base", MODEL, "--instruct", MODEL, "--tuned", MODEL, "--out", out}}) {
            Llams run = Llams.run(args);
            assertEquals(1, run.code(), run.err());
            assertTrue(run.err().startsWith("llams: " + MODEL + ": a GGUF file")
                    && run.err().contains("'llams import gguf'"), run.err());
            assertTrue(run.err().strip().lines().count() == 1, run.err());
        }
        Llams again = Llams.run("generate", "-m", MODEL, "--weights", "q8", "-p", "x");
        assertTrue(again.code() == 1 && again.err().contains("its weights are quantized already"), again.err());
    }

    @Test
    void whatIsDamagedIsSaidInOneLine() throws IOException {
        byte[] content = Files.readAllBytes(Path.of(MODEL));
        Path file = directory.resolve("cut.gguf");
        for (int length : new int[] {4, 100, 20_000, content.length - 100}) {
            Files.write(file, Arrays.copyOf(content, length));
            for (String[] args : new String[][] {{"generate", "-m", file.toString(), "-p", "x"},
                    {"info", file.toString()}}) {
                Llams run = Llams.run(args);
                assertEquals(1, run.code());
                assertTrue(run.err().startsWith("llams: " + file + ": "), run.err());
                assertEquals(1, run.err().strip().lines().count(), run.err());
            }
        }
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.LlamaWeights;
import llams.tokenizer.Tokenizer;
import llams.trainer.recipe.Recipe;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// The demo's recipe, with trainings of two steps.
class DemoIsARecipeTest {
    private static final List<String> MODELS = List.of("base", "instruct", "village", "merged", "final");

    @TempDir
    static Path directory;
    private static Path out;

    @BeforeAll
    static void run() throws IOException {
        out = directory.resolve("out");
        Path recipe = Files.writeString(directory.resolve("demo.yaml"),
                Recipe.text("demo").replaceAll("steps: \\d+", "steps: 2").replace("max-tokens: 40", "max-tokens: 4"));
        Llams run = Llams.run("recipe", "run", recipe.toString(), "--out", out.toString());
        assertEquals(0, run.code(), run.err());
    }

    @Test
    void everyModelOpensWithItsTokenizer() throws IOException {
        for (String name : MODELS) {
            try (LlamaWeights weights = LlamaWeights.open(out.resolve(name))) {
                assertEquals(705, weights.config.vocab());
                assertEquals(Tokenizer.load(out.resolve(name)).size(), weights.config.vocab(), name);
            }
        }
    }

    @Test
    void modelsTunedOnConversationsStopAtTheEndOfATurn() throws IOException {
        for (String name : MODELS) {
            int endOfTurn = Tokenizer.load(out.resolve(name)).special("<|eot_id|>").orElseThrow();
            try (LlamaWeights weights = LlamaWeights.open(out.resolve(name))) {
                boolean converses = !name.equals("base") && !name.equals("village");
                assertEquals(converses, ConfigJson.stopIds(weights.config, out.resolve(name)).contains(endOfTurn),
                        name);
            }
        }
    }

    @Test
    void thePageShowsEverything() throws IOException {
        String page = Files.readString(out.resolve("report.html"));
        for (String part : List.of("<h2>Held-out loss</h2>", "<th>mixed languages</th>", "of 44</td>", "of 32</td>",
                "<h3>거북이는 무엇을 먹나요?</h3>", "{\"name\":\"adapter\",\"curves\":{\"loss\":",
                "<td class=\"text\">merge chat-vector</td>")) {
            assertTrue(page.contains(part), part);
        }
        assertEquals(4, page.split("\"curves\":", -1).length - 1);
        assertFalse(page.contains("http:") || page.contains("https:"), "needs the network");
        assertTrue(page.contains("default-src 'none'"), "may ask the network");
    }

    @Test
    void whatMeasuresIsNotTrainedOn() throws IOException {
        Path data = out.resolve("data");
        for (String name : List.of("general.txt", "village.txt", "pairs.jsonl", "conversations.jsonl", "mixed.jsonl")) {
            List<String> trained = documents(data.resolve(name));
            List<String> heldOut = documents(data.resolve(name.replace(".", "-heldout.")));
            assertTrue(heldOut.size() >= 10, name);
            heldOut.forEach(document -> assertFalse(trained.contains(document), document));
        }
        String trained = Files.readString(data.resolve("mixed.jsonl"))
                + Files.readString(data.resolve("conversations.jsonl"));
        for (String question : List.of("What does the turtle eat?", "거북이는 무엇을 먹나요?")) {
            assertFalse(trained.contains(question), question);
        }
    }

    private static List<String> documents(Path file) throws IOException {
        String separator = file.toString().endsWith(".txt") ? "\n<\\|end_of_text\\|>\n" : "\n";
        return List.of(Files.readString(file).strip().split(separator));
    }

    /// The marks between documents and the keys of rows are in no text that a model sees.
    @Test
    void theVocabularyIsMadeOfTextsAlone() throws IOException {
        Tokenizer tokenizer = Tokenizer.load(out.resolve("tokenizer"));
        for (int id = 256; id < 700; id++) {
            String token = new String(tokenizer.bytes(id), StandardCharsets.UTF_8);
            assertFalse(token.contains("end_of") || token.contains("question") && token.contains("\""), token);
        }
    }
}

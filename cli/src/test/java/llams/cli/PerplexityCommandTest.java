package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A document of 101 tokens, whose 100 after the first count, and one of 11.
class PerplexityCommandTest {
    @TempDir
    static Path shared;

    static Path model;
    static Path data;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared);
        String text = "the quick brown fox jumps over the lazy dog; ".repeat(3).substring(0, 99);
        data = Files.writeString(shared.resolve("data.jsonl"),
                "{\"text\": \"" + text + "\"}\n{\"text\": \"nine more\"}\n");
    }

    private static ObjectNode measure(String... options) {
        List<String> command = new ArrayList<>(
                List.of("eval", "perplexity", "-m", model.toString(), "--data", data.toString(), "--json"));
        command.addAll(List.of(options));
        Llams run = Llams.run(command.toArray(String[]::new));
        assertEquals(0, run.code(), run.err());
        return JsonLine.parse(run.out().strip(), "output");
    }

    private static String said(String... options) {
        List<String> command = new ArrayList<>(
                List.of("eval", "perplexity", "-m", model.toString(), "--data", data.toString()));
        command.addAll(List.of(options));
        return Llams.run(command.toArray(String[]::new)).out().lines().toList().getLast();
    }

    @Test
    void aWindowThatHoldsADocumentIsTheDocumentAlone() {
        ObjectNode alone = measure("--no-pack", "--tokens", "128");
        ObjectNode window = measure("--tokens", "128", "--stride", "1");
        assertEquals(110, window.get("countedTokens").asInt());
        assertEquals(alone.get("loss").asDouble(), window.get("loss").asDouble(), 1e-12);
    }

    @Test
    void everyTokenCountsOnceWhateverTheStride() {
        for (String stride : List.of("1", "7", "16", "31")) {
            ObjectNode report = measure("--tokens", "32", "--stride", stride);
            assertEquals(110, report.get("countedTokens").asInt(), stride);
            assertEquals(108, report.get("bytes").asInt(), stride);
            assertEquals("windows", report.get("context").asString());
            assertEquals(Integer.parseInt(stride), report.get("stride").asInt());
            assertEquals(32, report.get("tokens").asInt());
        }
        ObjectNode cut = measure("--no-pack", "--tokens", "32");
        assertEquals(41, cut.get("countedTokens").asInt());
        assertEquals(1, cut.get("truncatedDocuments").asInt());
        assertEquals(69, cut.get("truncatedTokens").asInt());
        assertEquals("documents", cut.get("context").asString());
        assertEquals("packed", measure("--tokens", "32").get("context").asString());
        assertEquals(1, measure("--tokens", "32").get("cutDocuments").asInt());
    }

    @Test
    void theOutputSaysWhatTheTokensSaw() {
        assertEquals("context       packed into sequences of 32 tokens; 1 of 2 documents are cut, and what follows"
                + " sees nothing before the cut (--stride keeps the context)", said("--tokens", "32"));
        assertEquals("context       one document per sequence of up to 32 tokens; 1 of 2 documents are longer, and 69"
                + " tokens do not count (--stride counts them)", said("--tokens", "32", "--no-pack"));
        assertEquals("context       windows of 32 tokens that move by 8: at least 24 tokens, or all of the document's",
                said("--tokens", "32", "--stride", "8"));
    }

    @Test
    void aStrideIsLessThanTheWindow() {
        for (String stride : List.of("0", "32", "100", "-1")) {
            Llams run = Llams.run("eval", "perplexity", "-m", model.toString(), "--data", data.toString(), "--tokens",
                    "32", "--stride=" + stride);
            assertEquals(2, run.code(), stride);
            assertTrue(run.err()
                    .contains("--stride must be from 1 to 31, less than the window's 32 tokens (--tokens), not "
                            + stride),
                    run.err());
        }
    }
}

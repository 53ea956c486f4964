package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

class StatsCommandTest {
    @TempDir
    Path directory;

    private Path ids(int... lengths) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (int length : lengths) {
            lines.append("{\"ids\": [7").append(", 8".repeat(length - 1)).append("]}\n");
        }
        return Files.writeString(directory.resolve("ids.jsonl"), lines);
    }

    @Test
    void lengthsAndLossesAreCounted() throws IOException {
        Llams run = Llams.run("data", "stats", ids(2, 3, 4, 5, 9, 40).toString(), "--no-pack", "--tokens", "4,32",
                "--json");
        assertEquals(0, run.code(), run.err());
        ObjectNode report = JsonLine.parse(run.out().strip(), "output");
        assertEquals(6, report.get("documents").asInt());
        assertEquals(63, report.get("tokens").asInt());
        assertEquals(4, report.get("median").asInt());
        assertEquals(40, report.get("longest").asInt());
        assertEquals(
                "[{\"from\":2,\"to\":2,\"documents\":1,\"tokens\":2},{\"from\":3,\"to\":4,\"documents\":2,\"tokens\":7},"
                        + "{\"from\":5,\"to\":8,\"documents\":1,\"tokens\":5},{\"from\":9,\"to\":16,\"documents\":1,\"tokens\":9},"
                        + "{\"from\":17,\"to\":32,\"documents\":0,\"tokens\":0},{\"from\":33,\"to\":64,\"documents\":1,\"tokens\":40}]",
                report.get("histogram").toString());
        // Cut to 4 tokens, 5, 9 and 40 lose 1, 5 and 36.
        assertEquals(3, report.get("sequences").get(0).get("truncated").asInt());
        assertEquals(42, report.get("sequences").get(0).get("truncatedTokens").asInt());
        assertEquals(8, report.get("sequences").get(1).get("truncatedTokens").asInt());
    }

    @Test
    void packedTextLosesNothing() throws IOException {
        String tokenizer = SmallModel.tokenizer(directory).toString();
        Path text = Files.writeString(directory.resolve("a.txt"), "abcdefgh ".repeat(30));
        Llams run = Llams.run("data", "stats", text.toString(), "--tokenizer", tokenizer, "--tokens", "64");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().contains("      64           5"), run.out());
        assertTrue(run.out().contains("  0    0.00%"), run.out());
    }

    @Test
    void textNeedsATokenizer() throws IOException {
        Path text = Files.writeString(directory.resolve("a.txt"), "abc");
        Llams run = Llams.run("data", "stats", text.toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains("text needs a tokenizer"), run.err());
    }
}

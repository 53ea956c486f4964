package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// `llams data show`, with a tokenizer whose tokens are bytes.
class ShowCommandTest {
    private static final String CHAT = "{\"messages\": [{\"role\": \"user\", \"content\": \"Q\"}, {\"role\":"
            + " \"assistant\", \"content\": \"a b\"}], \"id\": 1}\n";

    @TempDir
    Path directory;

    private Llams show(String content, String... options) throws IOException {
        Path file = Files.writeString(directory.resolve("d.jsonl"), content);
        String[] args = new String[5 + options.length];
        System.arraycopy(new String[] {"data", "show", file.toString(), "--tokenizer",
                SmallModel.tokenizer(directory).toString()}, 0, args, 0, 5);
        System.arraycopy(options, 0, args, 5, options.length);
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    @Test
    void trainedTokensAreMarkedWhereThereAreNoColours() throws IOException {
        Llams run = show(CHAT, "--color", "never");
        assertTrue(run.out().contains("""
                d.jsonl:1: 28 tokens, 4 trained
                ===== sequence 1, of at most 2,048 tokens =====
                <|begin_of_text|> <|start_header_id|> u s e r <|end_header_id|> \\n
                \\n
                Q <|eot_id|> <|start_header_id|> a s s i s t a n t <|end_header_id|> \\n
                \\n
                ⟦a · b <|eot_id|>⟧
                """), run.out());
        assertTrue(run.err().contains("note: " + directory.resolve("d.jsonl") + ": not used: \"id\" (1 row)"),
                run.err());
    }

    @Test
    void answersOfAPairAreShownEachInItsConversation() throws IOException {
        Llams run = show("{\"prompt\": \"Q\", \"chosen\": \"ab\", \"rejected\": \"c\", \"note\": 1}\n", "--pairs",
                "--color", "never");
        for (String part : new String[] {"d.jsonl:1: 27 tokens, 3 trained\n", "\n⟦a b <|eot_id|>⟧\n",
                "d.jsonl:1: 26 tokens, 2 trained\n", "\n⟦c <|eot_id|>⟧\n"}) {
            assertTrue(run.out().contains(part), run.out());
        }
        assertTrue(run.err().contains("d.jsonl: not used: \"note\" (1 row)"), run.err());
    }

    @Test
    void inColourTheyAreGreen() throws IOException {
        String out = show(CHAT, "--color", "always").out();
        assertTrue(out.contains("\u001b[32ma · b <|eot_id|>\u001b[0m\n"), out);
        assertFalse(out.contains("⟦"), out);
    }

    @Test
    void bordersOfPackedSequencesAreShown() throws IOException {
        String out = show("{\"text\": \"abcdef\"}\n{\"text\": \"gh\"}\n", "--tokens", "5", "--color", "never").out();
        assertTrue(out.contains("""
                ===== sequence 1, of at most 5 tokens =====
                <|begin_of_text|> ⟦a b c d⟧
                ===== sequence 2, of at most 5 tokens =====
                ⟦e f <|end_of_text|>⟧

                """), out);
        assertTrue(out.endsWith("d.jsonl:2: 4 tokens, 3 trained\n<|begin_of_text|> ⟦g⟧\n===== sequence 3, of at"
                + " most 5 tokens =====\n⟦h <|end_of_text|>⟧\n\n"), out);
    }

    @Test
    void whatIsCutOffOrLeftOutIsSaid() throws IOException {
        String out = show(CHAT + "{\"messages\": [{\"role\": \"user\", \"content\": \"Q\"}]}\n", "--tokens", "26",
                "--color", "never").out();
        assertTrue(out.contains("⟦a ·⟧\n(2 more tokens, which are cut off)\n"), out);
        assertTrue(out.contains("d.jsonl:2: 11 tokens, 0 trained\n")
                && out.contains("(left out: nothing in it is trained on)"), out);
        assertTrue(show(CHAT, "--tokens", "10").out()
                .contains("(left out: nothing in its first 10 tokens is trained on)"));
    }

    @Test
    void onlyTheFirstDocumentsAreShown() throws IOException {
        assertEquals(2,
                show(CHAT.repeat(5), "-n", "2").out().lines().filter(line -> line.contains("d.jsonl:")).count());
    }

    @Test
    void noControlCharacterOfTheDataReachesTheTerminal() throws IOException {
        String out = show("{\"text\": \"\\u001b[31m\\u0007\\u009b\\u202e\\\\가\"}", "--color", "never").out();
        assertTrue(out.contains("\\x1B [ 3 1 m \\x07 \\xC2 \\x9B \\xE2 \\x80 \\xAE \\\\ \\xEA \\xB0 \\x80"), out);
        assertTrue(out.codePoints().noneMatch(c -> Character.isISOControl(c) && c != '\n'), out);
    }

    @Test
    void wholeCharactersAreShownAndInvisibleOnesWrittenOut() {
        assertEquals("·가\\u{202E}\\u{200B}\\x9B\\t",
                VisibleText.of(" 가\u202e\u200b\u009b\t".getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void specialTextIsShownAsItIsRead() throws IOException {
        String row = "{\"text\": \"a<|eot_id|>\"}";
        assertTrue(show(row, "--special", "parse", "--color", "never").out()
                .contains("<|begin_of_text|> ⟦a <|eot_id|>⟧\n"));
        assertTrue(show(row, "--color", "never").out().contains("⟦a < | e o t _ i d | > <|end_of_text|>⟧\n"));
    }

    @Test
    void jsonHoldsIdsTokensMasksAndPieces() throws IOException {
        ObjectNode report = JsonLine.parse(show("{\"text\": \"ab\"}", "--tokens", "3", "--json").out().strip(),
                "output");
        ObjectNode document = (ObjectNode) report.get("documents").get(0);
        assertEquals("[256,97,98,257]", document.get("ids").toString());
        assertEquals("[\"<|begin_of_text|>\",\"a\",\"b\",\"<|end_of_text|>\"]", document.get("tokens").toString());
        assertEquals("[false,true,true,true]", document.get("trained").toString());
        assertEquals("[{\"sequence\":0,\"from\":0,\"tokens\":3},{\"sequence\":1,\"from\":3,\"tokens\":1}]",
                document.get("pieces").toString());
    }
}

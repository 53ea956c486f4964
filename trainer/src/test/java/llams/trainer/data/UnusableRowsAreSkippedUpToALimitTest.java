package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class UnusableRowsAreSkippedUpToALimitTest {
    private static final String GOOD = "{\"text\": \"x\"}\n";
    private static final String BAD = "{\"txt\": \"x\"}\n";

    @TempDir
    Path directory;

    private Corpus load(String content, Integer limit) throws IOException {
        return Corpus.load(List.of(Fixtures.file(directory, "d.jsonl", content)), Fixtures.encoder(), limit, null);
    }

    private String refusal(String content, Integer limit) {
        return assertThrows(DataException.class, () -> load(content, limit)).getMessage().replace(directory + "/", "");
    }

    @Test
    void aFewAreCountedAndNamed() throws IOException {
        Corpus corpus = load(GOOD + BAD + GOOD + BAD.repeat(4), null);
        assertEquals(2, corpus.documents().size());
        assertTrue(corpus.notes().get(0).endsWith("d.jsonl: 5 of 7 rows cannot be used and are skipped:"),
                corpus.notes().get(0));
        assertTrue(corpus.notes().get(1).contains("d.jsonl:2: no known form"), corpus.notes().get(1));
        assertEquals("  and 2 more", corpus.notes().get(4));
    }

    @Test
    void manyAreFatalAndTheMessageSaysHowToSkipThem() {
        String message = refusal(GOOD.repeat(20) + BAD.repeat(11), null);
        assertTrue(message.startsWith("d.jsonl: 11 of 31 rows cannot be used, and at most 10 are skipped;"), message);
        assertTrue(message.contains("`maxBadRows 11`") && message.contains("d.jsonl:21: no known form"), message);
    }

    @Test
    void aHundredthOfALongFileIsFew() throws IOException {
        assertEquals(1980, load(GOOD.repeat(1980) + BAD.repeat(20), null).documents().size());
        assertTrue(refusal(GOOD.repeat(1979) + BAD.repeat(21), null).contains("at most 20 are skipped"));
    }

    @Test
    void theLimitCanBeSet() throws IOException {
        assertEquals(1, load(GOOD + BAD.repeat(50), 50).documents().size());
        assertTrue(refusal(GOOD + BAD.repeat(51), 50).contains("at most 50"));
        assertTrue(refusal(GOOD + BAD, 0).startsWith("d.jsonl:2: no known form"));
    }

    @Test
    void aFileOfNothingElseIsAlwaysFatal() {
        assertTrue(refusal(BAD, 100).startsWith("d.jsonl:1: no known form"));
        assertTrue(refusal(BAD.repeat(3), 100).endsWith("(none of the 3 rows can be used)"));
    }

    @Test
    void linesThatAreNotUtf8AreUnusableRows() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write(GOOD.getBytes(StandardCharsets.UTF_8));
        bytes.write(new byte[] {'{', '"', (byte) 0xB0, (byte) 0xA1, '"', '}', '\n'});
        bytes.write(GOOD.getBytes(StandardCharsets.UTF_8));
        Path file = Files.write(directory.resolve("d.jsonl"), bytes.toByteArray());
        Corpus corpus = Corpus.load(List.of(file), Fixtures.encoder());
        assertEquals(2, corpus.documents().size());
        assertTrue(corpus.notes().get(1).contains("d.jsonl:2: not UTF-8 at byte 2"), corpus.notes().get(1));
    }

    @Test
    void aConversationThatTheFormatCannotWriteIsAnUnusableRow() throws IOException {
        Corpus corpus = load(GOOD + "{\"tools\": [{\"name\": \"f\"}], \"prompt\": \"Q\", \"response\": \"A\"}", null);
        assertEquals(1, corpus.documents().size());
        assertEquals(2, corpus.notes().size(), corpus.notes().toString());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"text\": \"a\"} {\"text\": \"b\"}", "{\"text\": tru}", "{\"text\": \"a",
                    "{\"text\": \"a\tb\"}", "{\"a\": -Infinite}", "{\"a\": 1, \"a\": 2}", "nul",})
    void messagesNameNoneOfTheParsersSettings(String row) {
        withoutSettings(refusal(row, 0), "not JSON at column");
    }

    @Test
    void hostileRowsHaveTheirOwnWords() {
        withoutSettings(refusal("{\"text\": " + "[".repeat(50_000) + "]".repeat(50_000) + "}", 0),
                "nested too deeply (limit 1,000)");
        withoutSettings(refusal("{\"text\": " + "{\"a\":".repeat(1_001), 0), "nested too deeply (limit 1,000)");
        withoutSettings(refusal("{\"text\": " + "9".repeat(2_000) + "}", 0), "a number of more than 1,000 digits");
        withoutSettings(refusal("{\"" + "k".repeat(100_000) + "\": 1}", 0), "a key is too long");
        withoutSettings(refusal("{\"text\": \"a\"", 0), "cut short");
    }

    private static void withoutSettings(String message, String wanted) {
        assertTrue(message.startsWith("d.jsonl:1: ") && message.contains(wanted), message);
        for (String word : List.of("`", "jackson", "Stream", "REDACTED", "Feature", "JsonNode", "Source:")) {
            assertFalse(message.contains(word), message);
        }
    }
}

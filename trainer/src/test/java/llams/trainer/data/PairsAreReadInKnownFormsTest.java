package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Pairs of answers in the forms that other training programs use: of both documents only the answer counts.
class PairsAreReadInKnownFormsTest {
    @TempDir
    Path directory;

    /// Of each pair the chosen document, then the rejected one.
    private Corpus read(String name, String content) throws IOException {
        return read(Fixtures.file(directory, name, content.replace('\'', '"')));
    }

    private static Corpus read(Path file) throws IOException {
        return Corpus.load(List.of(DataSource.of(file)),
                new Reading(Fixtures.encoder(), RowForm.PAIR, Columns.NONE, 0, null, ReadingListener.SILENT));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'prompt': 'Q', 'chosen': 'A', 'rejected': 'B'}",
                    "{'question': 'Q', 'chosen': 'A', 'rejected': 'B', 'system': ''}",
                    "{'prompt': [{'role': 'user', 'content': 'Q'}], 'chosen': [{'role': 'assistant', 'content': 'A'}],"
                            + " 'rejected': [{'role': 'assistant', 'content': 'B'}]}",
                    "{'chosen': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A'}],"
                            + " 'rejected': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'B'}]}",
                    "{'prompt': 'Q', 'chosen': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content':"
                            + " 'A'}], 'rejected': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant',"
                            + " 'content': 'B'}]}",
                    "{'conversations': [{'from': 'human', 'value': 'Q'}], 'chosen': {'from': 'gpt', 'value': 'A'},"
                            + " 'rejected': {'from': 'gpt', 'value': 'B'}}",
                    "[{'prompt': 'Q', 'chosen': 'A', 'rejected': 'B'}]",
                    "{\n 'prompt': 'Q',\n 'chosen': 'A',\n 'rejected': 'B'\n}"})
    void forms(String row) throws IOException {
        Corpus read = read("pairs.jsonl", row);
        assertEquals(List.of(), read.notes());
        assertEquals(2, read.conversations());
        assertEquals("A<|eot_id|>", Fixtures.counted(read.documents().get(0)));
        assertEquals("B<|eot_id|>", Fixtures.counted(read.documents().get(1)));
        assertEquals(
                "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nQ<|eot_id|>"
                        + "<|start_header_id|>assistant<|end_header_id|>\n\nB<|eot_id|>",
                Fixtures.BYTES.decode(read.documents().get(1).ids()));
    }

    @Test
    void earlierTurnsAndOtherKeys() throws IOException {
        String turns = "{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'x'}, {'role': 'user',"
                + " 'content': 'R'}, {'role': 'assistant', 'content': ";
        Corpus read = read("ultra.jsonl",
                "{'chosen': [" + turns + "'A'}], 'rejected': [" + turns + "'B'}], 'score_chosen': 8}");
        assertEquals("A<|eot_id|>", Fixtures.counted(read.documents().getFirst()));
        assertEquals(1, read.notes().size());
        assertTrue(read.notes().getFirst().contains("score_chosen"), read.notes().toString());
        assertTrue(Fixtures.BYTES.decode(
                read("system.jsonl", "{'system': 'S', 'prompt': 'Q', 'input': 'I', 'chosen': 'A', 'rejected': 'B'}")
                        .documents()
                        .getFirst()
                        .ids())
                .contains("S<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nQ\n\nI<|eot_id|>"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"{'prompt': 'Q', 'response': 'A'} | no pair of answers; its keys are prompt, response",
                    "{'chosen': 'A', 'rejected': 'B'} | the answers have no prompt",
                    "{'prompt': 'Q', 'chosen': 'A', 'rejected': 'A'} | are the same",
                    "{'prompt': 'Q', 'chosen': ' ', 'rejected': 'A'} | blank",
                    "{'prompt': 'Q', 'chosen': [{'role': 'user', 'content': 'A'}], 'rejected': 'B'} | does not end with",
                    "some text | not JSON"})
    void refused(String row, String expected) {
        String message = assertThrows(DataException.class, () -> read("pairs.jsonl", row)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void aPairIsASequenceOfTwoDocuments() throws IOException {
        PairDataset data = new PairDataset(
                read("pairs.jsonl", "{'prompt': 'Q', 'chosen': 'A', 'rejected': 'Bb'}").documents(), 64);
        PackedSequence pair = data.sequence(0);
        int chosen = pair.documentStart()[data.tokens(0) - 1];
        assertEquals(1, data.size());
        assertEquals(2 * chosen + 1, data.tokens(0));
        assertEquals(0, pair.position()[chosen]);
        assertEquals(Document.IGNORED, pair.label()[chosen - 1]);
        assertEquals(5, pair.counted());
        String message = assertThrows(DataException.class,
                () -> new PairDataset(
                        read("more.jsonl", "{'prompt': 'Q', 'chosen': 'A', 'rejected': 'Bb'}").documents(), 8))
                .getMessage();
        assertTrue(message.contains("of 1 pairs none"), message);
    }

    @Test
    void everyKindOfFileWithRowsIsRead() throws IOException {
        String row = "{\"prompt\": \"Q\", \"chosen\": \"A\", \"rejected\": \"B\"}\n";
        List<Document> expected = read("pairs.jsonl", row.repeat(2)).documents().stream().toList();
        Path packed = directory.resolve("pairs.jsonl.gz");
        try (OutputStream out = new GZIPOutputStream(Files.newOutputStream(packed))) {
            out.write(row.repeat(2).getBytes(StandardCharsets.UTF_8));
        }
        String messages = "\"[{\"\"role\"\": \"\"assistant\"\", \"\"content\"\": \"\"A\"\"}]\"";
        for (Path file : List.of(packed,
                Fixtures.file(directory, "pairs.csv", "prompt,chosen,rejected\nQ,A,B\nQ," + messages + ",B\n"),
                Fixtures.file(directory, "pairs.tsv", "rejected\tchosen\tquestion\nB\tA\tQ\nB\tA\tQ\n"))) {
            assertEquals(expected, read(file).documents().stream().toList(), file.toString());
        }
        assertEquals(directory.resolve("pairs.csv") + ":3",
                read(directory.resolve("pairs.csv")).documents().getLast().origin());
    }

    @Test
    void textIsNoPair() {
        String message = assertThrows(DataException.class, () -> read("pairs.txt", "some text")).getMessage();
        assertTrue(message.contains("pairs.txt: text without rows"), message);
    }

    @Test
    void tokensOfPairsAreKeptApartFromThoseOfRows() throws IOException {
        DocumentEncoder encoder = TokensAreKeptTest.encoder();
        TokenCache cache = TokenCache.in(directory.resolve("cache"));
        Path file = Fixtures.file(directory, "d.jsonl",
                "{\"prompt\": \"Q\", \"chosen\": \"A\", \"rejected\": \"B\", \"text\": \"T\"}\n".repeat(3));
        for (RowForm form : RowForm.values()) {
            Reading kept = new Reading(encoder, form, Columns.NONE, 0, cache, ReadingListener.SILENT);
            Reading memory = new Reading(encoder, form, Columns.NONE, 0, null, ReadingListener.SILENT);
            for (int run = 0; run < 2; run++) {
                assertEquals(Corpus.load(List.of(DataSource.of(file)), memory).documents().stream().toList(),
                        Corpus.load(List.of(DataSource.of(file)), kept).documents().stream().toList());
            }
        }
        assertEquals(2, cache.entries().size());
    }
}

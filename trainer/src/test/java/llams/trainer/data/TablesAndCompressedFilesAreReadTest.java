package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// CSV, TSV and compressed files, as other programs write them, become the samples that JSON with the same content does.
class TablesAndCompressedFilesAreReadTest {
    private static final Path FORMS = Path.of("src/test/resources/llams/trainer/data/forms");

    @TempDir
    Path directory;

    private static Corpus load(Path file) throws IOException {
        return Corpus.load(List.of(file), Fixtures.encoder());
    }

    private String refusal(String name, byte[] content) throws IOException {
        Path file = Files.write(directory.resolve(name), content);
        return assertThrows(DataException.class, () -> load(file)).getMessage();
    }

    @ParameterizedTest
    @ValueSource(strings = {"qa.csv", "qa.tsv", "qa.csv.gz"})
    void tables(String name) throws IOException {
        Corpus corpus = load(FORMS.resolve(name));
        Path same = Fixtures.file(directory, "same.jsonl", """
                {"question": "a, with comma", "answer": "Seoul"}
                {"question": "quoted \\"word\\"", "answer": "two\\nlines"}
                {"question": "한국어 질문", "answer": "대답"}
                """);
        assertEquals(load(same).documents().stream().toList(), corpus.documents().stream().toList());
        assertEquals(FORMS.resolve(name) + ":3", corpus.documents().origin(1));
        String notes = String.join("\n", corpus.notes());
        assertTrue(notes.contains("1 of 4 rows cannot be used") && notes.contains(":6: no known form"), notes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"qa.jsonl.gz", "qa.jsonl.zst"})
    void compressedFiles(String name) throws IOException {
        Path same = Fixtures.file(directory, "same.jsonl", "{\"text\": \"one\"}\n{\"text\": \"두번째\"}\n");
        assertEquals(load(same).documents().stream().toList(), load(FORMS.resolve(name)).documents().stream().toList());
    }

    @Test
    void severalGzipFilesInOneAreOne() throws IOException {
        ByteArrayOutputStream two = new ByteArrayOutputStream();
        for (String row : List.of("{\"text\": \"a\"}\n", "{\"text\": \"b\"}\n")) {
            try (GZIPOutputStream out = new GZIPOutputStream(two)) {
                out.write(row.getBytes());
            }
        }
        assertEquals(2, load(Files.write(directory.resolve("a.jsonl.gz"), two.toByteArray())).documents().size());
    }

    @Test
    void listsInFieldsAreLists() throws IOException {
        Path table = Fixtures.file(directory, "a.csv",
                "messages,text\n\"[{\"\"role\"\": \"\"user\"\", \"\"content\"\": \"\"Hi\"\"}, {\"\"role\"\": \"\"assistant\"\","
                        + " \"\"content\"\": \"\"Yes\"\"}]\",\n,[not a list]\n");
        List<Sample> samples = Fixtures.samples(table);
        assertEquals(List.of(new ChatMessage("user", "Hi"), new ChatMessage("assistant", "Yes")),
                ((Sample.Chat) samples.get(0)).messages());
        assertEquals("[not a list]", ((Sample.Text) samples.get(1)).text());
    }

    @Test
    void whatIsWrongWithATableIsNamed() throws IOException {
        assertTrue(refusal("a.csv", "text\na,b\n".getBytes()).contains("a.csv:2: has 2 fields"));
        assertTrue(refusal("b.csv", "text,text\na,b\n".getBytes()).contains("two columns are called \"text\""));
        assertTrue(refusal("c.csv", "text\n\"a".getBytes()).contains("c.csv:"));
        assertTrue(refusal("d.csv", new byte[] {'t', 'e', 'x', 't', '\n', (byte) 0xB0, (byte) 0xA1, '\n'})
                .contains("not UTF-8"));
        assertTrue(refusal("e.csv", new byte[0]).contains("is empty"));
        assertTrue(refusal("f.csv", "text\n".getBytes()).contains("no document"));
    }

    @ParameterizedTest
    @ValueSource(strings = {"qa.jsonl.gz", "qa.jsonl.zst"})
    void damagedCompressedFilesAreRefused(String name) throws IOException {
        byte[] good = Files.readAllBytes(FORMS.resolve(name));
        for (int length = 0; length < good.length - 1; length++) {
            String message = refusal(name, Arrays.copyOf(good, length));
            assertTrue(message.contains(name), message);
        }
        assertTrue(refusal(name, "{\"text\": \"not compressed\"}\n".getBytes()).contains("cannot be decompressed"));
    }

    /// Their notes too, but for the files' names.
    @ParameterizedTest
    @ValueSource(strings = {"snappy", "version2", "encodings", "old-lists"})
    void parquetBecomesWhatItsRowsDo(String name) throws IOException {
        Path files = FORMS.resolveSibling("parquet");
        Path rows = files.resolve("rows.jsonl");
        Path parquet = files.resolve(name + ".parquet");
        Corpus expected = Corpus.load(List.of(rows), Fixtures.encoder(), 50, null);
        Corpus actual = Corpus.load(List.of(parquet), Fixtures.encoder(), 50, null);
        assertEquals(expected.documents().stream().toList(), actual.documents().stream().toList());
        assertEquals(expected.notes().stream().map(note -> note.replace(rows.toString(), parquet.toString())).toList(),
                actual.notes());
    }

    @Test
    void parquetHasToBeAFile() throws IOException {
        assertTrue(refusal("a.parquet.gz", new byte[] {1, 2}).contains("Parquet is compressed inside"));
        assertTrue(refusal("b.parquet", "PAR1 and no end".getBytes()).contains("a Parquet file without its end"));
    }
}

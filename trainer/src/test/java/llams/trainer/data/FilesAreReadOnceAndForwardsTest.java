package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Pipes, standard input, other encodings, and JSON over several lines.
class FilesAreReadOnceAndForwardsTest {
    private static final String ROWS = "{\"text\": \"하나\"}\n{\"text\": \"two\"}\n";

    @TempDir
    Path directory;

    static List<String> contents() {
        return List.of(ROWS, "plain text\n".repeat(20_000), "= 하나 =\n\n본문.\n\n= 둘 =\n\n끝.\n",
                "[{\"text\": \"하나\"},\n {\"text\": \"two\"}]", "\n".repeat(100) + ROWS.repeat(3_000));
    }

    @ParameterizedTest
    @MethodSource("contents")
    void aPipeGivesWhatTheFileGives(String content) throws Exception {
        Path pipe = directory.resolve("pipe");
        assumeTrue(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor() == 0, "no pipes here");
        Thread writer = Thread.startVirtualThread(() -> Fixtures.file(directory, "pipe", content));
        List<String> piped = Fixtures.texts(pipe);
        writer.join();
        assertEquals(Fixtures.texts(Fixtures.file(directory, "file", content)), piped);
    }

    @Test
    void aDashIsStandardInput() {
        InputStream before = System.in;
        try {
            System.setIn(new ByteArrayInputStream(ROWS.getBytes(StandardCharsets.UTF_8)));
            List<Sample> samples = Fixtures.samples(Path.of("-"));
            assertEquals(List.of("stdin:1", "stdin:2"), samples.stream().map(Sample::origin).toList());
        } finally {
            System.setIn(before);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"UTF-16LE", "UTF-16BE"})
    void utf16IsReadWithAndWithoutItsMark(String encoding) throws IOException {
        String long16 = "{\"text\": \"" + "가😀".repeat(20_000) + "\"}\n";
        for (String mark : List.of("\uFEFF", "")) {
            Path rows = Files.write(directory.resolve("d.jsonl"), (mark + ROWS + long16).getBytes(encoding));
            assertEquals(List.of("하나", "two", "가😀".repeat(20_000)), Fixtures.texts(rows));
            Path text = Files.write(directory.resolve("d.txt"), (mark + "= 서울 =\n\n도시.\n").getBytes(encoding));
            assertEquals(List.of("= 서울 =\n\n도시."), Fixtures.texts(text));
            Path list = Files.write(directory.resolve("d.json"),
                    (mark + "[" + ROWS.strip().replace("\n", ",") + "]").getBytes(encoding));
            assertEquals(List.of("하나", "two"), Fixtures.texts(list));
        }
    }

    @Test
    void halfACharacterOfUtf16IsRefusedByName() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        bytes.write("\uFEFFtext".getBytes(StandardCharsets.UTF_16LE));
        bytes.write('x');
        Path file = Files.write(directory.resolve("a.txt"), bytes.toByteArray());
        DataException e = assertThrows(DataException.class, () -> Fixtures.samples(file));
        assertTrue(e.getMessage().contains("a.txt") && e.getMessage().contains("UTF-16"), e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[{\"text\": \"하나\"}, {\"text\": \"two\"}]",
                    "\uFEFF\n [ {\"text\": \"하나\"}\n,\n{\"text\":\n\"two\"} ]\n",
                    "[\n  {\n    \"text\": \"하나\"\n  },\n  {\n    \"text\": \"two\"\n  }\n]\n",
                    "{\n  \"text\": \"하나\"\n}\n{\n  \"text\": \"two\"\n}\n",})
    void aJsonListIsReadLikeLines(String content) {
        assertEquals(List.of("하나", "two"), Fixtures.texts(Fixtures.file(directory, "d.json", content)));
    }

    @Test
    void bracketsAndQuotesInTextsAreText() {
        String text = "]}[{\\\"\\\\ ,\\n";
        Path file = Fixtures.file(directory, "d.json", "[{\"text\": \"" + text + "\"}, {\"text\": \"\\\\\"}]");
        assertEquals(List.of("]}[{\"\\ ,\n", "\\"), Fixtures.texts(file));
    }

    @Test
    void rowsOfAListHaveTheirLinesOrPlaces() {
        Path file = Fixtures.file(directory, "d.json", "[{\"text\": \"a\"}, {\"text\": \"b\"},\n{\"text\": \"c\"}]");
        assertEquals(List.of(file + ":1[0]", file + ":1[1]", file + ":2"),
                Fixtures.samples(file).stream().map(Sample::origin).toList());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"[{\"text\": \"a\"}, 5, {\"text\": \"b\"}]|:1[1]: wanted one JSON object",
                    "[{\"text\": \"a\"},\n{\"text\": oops}, {\"text\": \"b\"}]|:2: not JSON at column 10",
                    "[{\"text\": \"a\"}, {\"text\": \"b\"},\n{\"text\": \"c|:2: the list has no end",
                    "[{\"text\": \"a\"},\n{\"text\": \"b\"},\n|:3: the list has no end",
                    "[{\"text\": \"a\"}, {\"text\": \"b\"}]\n{\"text\": \"c\"}|:2: there is more after the end of"
                            + " the list",
                    "[{\"text\": \"a\"}, {\"text\": \"b\"}, }{]|:1[2]: not JSON",})
    void anUnusableElementIsSkippedWithItsPlace(String example) throws IOException {
        String[] parts = example.split("\\|");
        Path file = Fixtures.file(directory, "d.json", parts[0]);
        Corpus corpus = Corpus.load(List.of(file), Fixtures.encoder());
        assertEquals(2, corpus.documents().size());
        assertTrue(corpus.notes().get(1).contains("d.json" + parts[1]), corpus.notes().toString());
    }

    @Test
    void textThatStartsWithABracketIsText() {
        assertEquals(List.of("[1] Chapter\n"), Fixtures.texts(Fixtures.file(directory, "a.txt", "[1] Chapter\n")));
    }
}

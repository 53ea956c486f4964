package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// `FILE[a:b]` has the rows that Python's slices would, and two slices that meet have each row once.
class SlicesPartitionAFileTest {
    @TempDir
    Path directory;

    private Path rows(int count) {
        StringBuilder rows = new StringBuilder();
        IntStream.range(0, count).forEach(i -> rows.append("{\"text\": \"").append(i).append("\"}\n"));
        return Fixtures.file(directory, "d.jsonl", rows.toString());
    }

    private static List<String> texts(String path) throws IOException {
        return Corpus.load(List.of(Path.of(path)), Fixtures.encoder())
                .documents()
                .stream()
                .map(Fixtures::counted)
                .map(text -> text.replace("<|end_of_text|>", ""))
                .toList();
    }

    @ParameterizedTest
    @CsvSource({":, 0, 20", ":95%, 0, 19", "95%:, 19, 20", "5:8, 5, 8", "-3:, 17, 20", ":-3, 0, 17", "18:99, 18, 20",
            "50%:75%, 10, 15", "12.5%:, 2, 20", "-99:1, 0, 1"})
    void rowsAreThoseOfPython(String slice, int from, int to) throws IOException {
        assertEquals(IntStream.range(from, to).mapToObj(String::valueOf).toList(), texts(rows(20) + "[" + slice + "]"));
    }

    @Test
    void slicesThatMeetHaveEachRowOnce() throws IOException {
        Path file = rows(37);
        for (int percent = 2; percent < 98; percent += 5) {
            int first = texts(file + "[:" + percent + "%]").size();
            assertEquals(37, first + texts(file + "[" + percent + "%:]").size());
        }
    }

    private static List<Corpus.Part> parts(String... paths) throws IOException {
        return Corpus.load(Stream.of(paths).map(Path::of).toList(), Fixtures.encoder()).parts();
    }

    @Test
    void whatIsTrainedOnAndHeldOutIsNoticed() throws IOException {
        Path file = rows(20);
        Path other = Fixtures.file(directory, "other.jsonl", "{\"text\": \"0\"}\n");
        List<Corpus.Part> training = parts(other.toString(), file + "[:95%]");
        assertEquals(List.of(), Corpus.overlaps(training, parts(file + "[95%:]")));
        assertEquals(List.of("1 of the 2 documents of the held-out " + file + "[90%:] are trained on as well, in "
                + file + "[:95%]"), Corpus.overlaps(training, parts(file + "[90%:]")));
        assertEquals(2, Corpus.overlaps(training, parts(file.toString(), directory + "/./other.jsonl")).size());
    }

    @Test
    void theConversationsOfARowStayTogether() throws IOException {
        String row = "{\"q_ko\": \"가\", \"a_ko\": \"나\", \"q_en\": \"a\", \"a_en\": \"b\"}\n";
        Path file = Fixtures.file(directory, "p.jsonl", row.repeat(3));
        assertEquals(4, texts(file + "[:1]").size());
        assertEquals(8, texts(file + "[1:]").size());
        Corpus corpus = Corpus.load(List.of(Path.of(file + "[2:]")), Fixtures.encoder());
        assertEquals(4, corpus.conversations());
        assertEquals(List.of(file + "[2:]: rows 2 to 2 of 3"), corpus.notes());
    }

    @Test
    void keptTokensAreSlicedAlike() throws IOException {
        Path file = rows(20);
        DocumentEncoder encoder = TokensAreKeptTest.encoder();
        TokenCache cache = TokenCache.in(directory.resolve("cache"));
        for (String slice : List.of("[:95%]", "[95%:]", "[3:5]")) {
            List<Path> path = List.of(Path.of(file + slice));
            assertEquals(Corpus.load(path, encoder, 0, null).documents().stream().toList(),
                    Corpus.load(path, encoder, 0, cache).documents().stream().toList());
        }
        assertEquals(1, cache.entries().size(), "all slices share the tokens of the file");
    }

    @Test
    void theFirstOfASliceAreShown() throws IOException {
        Reading reading = new Reading(Fixtures.encoder(), RowForm.SAMPLE, Columns.NONE, 0, null,
                ReadingListener.SILENT);
        Corpus first = Corpus.first(List.of(DataSource.of(Path.of(rows(20) + "[10:]"))), reading, 2);
        assertEquals(List.of("10<|end_of_text|>", "11<|end_of_text|>"),
                first.documents().stream().map(Fixtures::counted).toList());
    }

    @Test
    void aFileOfThatNameIsAFile() throws IOException {
        rows(20);
        Fixtures.file(directory, "d.jsonl[:1]", "{\"text\": \"other\"}\n");
        assertEquals(List.of("other"), texts(directory.resolve("d.jsonl[:1]").toString()));
    }

    @ParameterizedTest
    @ValueSource(strings = {"a", "1:2:3", "1", "", "%:", "-5%:", "1.5:"})
    void whatIsNoSliceIsNamed(String slice) {
        String path = rows(3) + "[" + slice + "]";
        String message = assertThrows(DataException.class, () -> texts(path)).getMessage();
        assertTrue(message.contains(path) && message.contains("is no slice; slices are [:95%]"), message);
    }

    @Test
    void anEmptySliceIsRefused() {
        String path = rows(3) + "[3:]";
        String message = assertThrows(DataException.class, () -> texts(path)).getMessage();
        assertEquals(path + ": no row; the file has 3 with something to use", message);
    }
}

package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class FileFormsAreRecognizedTest {
    @TempDir
    Path directory;

    @Test
    void plainTextIsOneDocumentAsItStands() {
        String text = "\n  First line.\r\n\nSecond paragraph: 안녕.\n";
        assertEquals(List.of(text), Fixtures.texts(Fixtures.file(directory, "a.txt", text)));
    }

    @Test
    void anEndOfTextLineSeparatesDocuments() {
        Path file = Fixtures.file(directory, "a.txt", "one\n<|endoftext|>\ntwo\n<|end_of_text|>\n\n<|endoftext|>\n");
        assertEquals(List.of("one\n", "two\n"), Fixtures.texts(file));
    }

    @Test
    void longTextComesInPiecesThatEndBeforeAFullLine() throws Exception {
        String text = "aaaa\n\n  b\ncccc\n\n\ndd\n";
        List<Sample> pieces = new ArrayList<>();
        PlainTextReader.read(Lines.open(Fixtures.file(directory, "a.txt", text)), 4, pieces::add);
        String origin = directory.resolve("a.txt") + ":";
        assertEquals(List.of(new Sample.Text(origin + 1, "aaaa\n\n  b\n", true, false),
                new Sample.Text(origin + 4, "cccc\n\n\n", false, false),
                new Sample.Text(origin + 7, "dd\n", false, true)), pieces);
    }

    @Test
    void piecesOfALongTextHaveTheIdsOfTheWhole() throws Exception {
        String text = "Hi!\n\n 안녕 \n\tx.\nyes\n123\n";
        Path file = Fixtures.file(directory, "a.txt", text);
        List<Integer> ids = new ArrayList<>();
        PlainTextReader.read(Lines.open(file), 1, sample -> {
            for (int id : Fixtures.encoder().encode(sample).getFirst().ids()) {
                ids.add(id);
            }
        });
        List<Integer> whole = new ArrayList<>();
        for (int id : Fixtures.encoder().encode(new Sample.Text("", text)).getFirst().ids()) {
            whole.add(id);
        }
        assertEquals(whole, ids);
    }

    @Test
    void kowikitextArticlesAreDocumentsWhateverTheEnding() {
        String text = """
                = 가타카나 =

                본문 1.

                = = 역사  = =

                = 각주 =
                본문 2.

                = 둘 =

                끝.

                """;
        Path file = Fixtures.file(directory, "kowiki.train", text);
        assertEquals(List.of("= 가타카나 =\n\n본문 1.\n\n= = 역사  = =\n\n= 각주 =\n본문 2.", "= 둘 =\n\n끝."), Fixtures.texts(file));
        assertEquals(List.of(file + ":1", file + ":10"), Fixtures.samples(file).stream().map(Sample::origin).toList());
    }

    @Test
    void olderTitlesWithASpaceInFrontAndBlankLinesOfOneSpaceAreAccepted() {
        String text = " = One = \n \n Body @-@ text . \n \n = = Part = = \n \n More . \n \n = Two = \n \n End . \n";
        assertEquals(List.of("= One = \n \n Body @-@ text . \n \n = = Part = = \n \n More .", "= Two = \n \n End ."),
                Fixtures.texts(Fixtures.file(directory, "wiki.txt", text)));
    }

    @Test
    void wikiTextWithoutBlankLinesIsAccepted() {
        String text = " = One = \r\n Body . \n = = Part = = \n More . \n = Two = \r\n End . \n";
        assertEquals(List.of("= One = \r\n Body . \n = = Part = = \n More .", "= Two = \r\n End ."),
                Fixtures.texts(Fixtures.file(directory, "wiki.txt", text)));
    }

    @Test
    void textThatMerelyStartsLikeATitleIsPlainText() {
        String text = "= One =\nBody.\n\n= Two =\n\nEnd.\n";
        assertEquals(List.of(text), Fixtures.texts(Fixtures.file(directory, "a.txt", text)));
    }

    @Test
    void windowsLineEndsInKowikitextAreAccepted() {
        Path file = Fixtures.file(directory, "w.txt", "= A =\r\n\r\nx\r\n\r\n= B =\r\n\r\ny\r\n");
        assertEquals(2, Fixtures.texts(file).size());
    }

    @Test
    void objectsAreJsonlWhateverTheEnding() {
        Path file = Fixtures.file(directory, "a.data", "{\"text\": \"x\"}\n\n{\"text\": \"y\"}");
        assertEquals(List.of("x", "y"), Fixtures.texts(file));
    }

    @Test
    void aByteOrderMarkIsNoText() {
        assertEquals(List.of("x"), Fixtures.texts(Fixtures.file(directory, "a.jsonl", "\uFEFF{\"text\": \"x\"}\n")));
        assertEquals(List.of("x\n"), Fixtures.texts(Fixtures.file(directory, "a.txt", "\uFEFFx\n")));
    }

    @ParameterizedTest
    @CsvSource({"a.parquet, x, not a Parquet file", "a.zip, x, convert it", "a.txt, '<doc id=\"1\">', `kowiki ",
            "a.txt, ' ', is empty",})
    void formsThatAreNotReadSayWhatToDo(String name, String content, String hint) {
        Path file = Fixtures.file(directory, name, content);
        DataException e = assertThrows(DataException.class, () -> Fixtures.samples(file));
        assertTrue(e.getMessage().contains(hint) && e.getMessage().contains(name), e.getMessage());
    }

    @Test
    void textThatIsNotUtf8NamesLineAndByte() throws Exception {
        Path file = directory.resolve("a.txt");
        Files.write(file, new byte[] {'o', 'k', '\n', 'a', (byte) 0xB0, (byte) 0xA1});
        DataException e = assertThrows(DataException.class, () -> Fixtures.samples(file));
        assertTrue(e.getMessage().startsWith(file + ":2: not UTF-8 at byte 1"), e.getMessage());
    }

    @Test
    void linesLongerThanTheBufferArriveWhole() {
        String word = "가".repeat(100_000);
        Path file = Fixtures.file(directory, "a.jsonl", "{\"text\": \"" + word + "\"}\n{\"text\": \"b\"}\n");
        assertEquals(List.of(word, "b"), Fixtures.texts(file));
        assertInstanceOf(Sample.Text.class, Fixtures.samples(file).getFirst());
    }
}

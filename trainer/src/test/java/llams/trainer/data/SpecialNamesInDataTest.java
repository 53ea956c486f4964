package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SpecialNamesInDataTest {
    @TempDir
    Path directory;

    private Corpus load(String name, String content, SpecialText special) throws IOException {
        return Corpus.load(List.of(Fixtures.file(directory, name, content)),
                new DocumentEncoder(Fixtures.BYTES, Fixtures.BYTES.size(), special));
    }

    private String parsed(String text) {
        return Fixtures.BYTES.decode(new DocumentEncoder(Fixtures.BYTES, Fixtures.BYTES.size(), SpecialText.PARSE)
                .encode(new Sample.Text("f:1", text))
                .getFirst()
                .ids());
    }

    private static int specials(Document document) {
        int specials = 0;
        for (int id : document.ids()) {
            specials += Fixtures.BYTES.isSpecial(id) ? 1 : 0;
        }
        return specials;
    }

    @Test
    void namesAreCountedWithTheirFirstLine() throws IOException {
        Corpus corpus = load("d.jsonl",
                "{\"text\": \"a\"}\n{\"text\": \"<|eot_id|>\\n<|eot_id|>\"}\n"
                        + "{\"prompt\": \"<|eot_id|> <|reserved_special_token_0|>\", \"response\":"
                        + " \"<|reserved_special_token_7|>\"}\n",
                SpecialText.TEXT);
        String note = corpus.notes().getFirst().replace(directory + "/", "");
        assertTrue(note.contains("<|eot_id|> (3, first at d.jsonl:2), <|reserved_special_token_0|> (1, first at"
                + " d.jsonl:3), <|reserved_special_token_7|> (1, first at d.jsonl:3)"), note);
        assertTrue(note.contains("`special parse`"), note);
    }

    @Test
    void inPlainTextItIsTheLineOfTheName() throws IOException {
        String note = load("d.txt", "one\n\nthree <|eot_id|>\n", SpecialText.TEXT).notes().getFirst();
        assertTrue(note.contains("(1, first at " + directory.resolve("d.txt") + ":3)"), note);
    }

    @Test
    void asTextTheyAreLetters() throws IOException {
        assertEquals(2,
                specials(load("d.jsonl", "{\"text\": \"a<|eot_id|>\"}", SpecialText.TEXT).documents().getFirst()));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{\"text\": \"a <|eot_id|> b\"}", "{\"prompt\": \"a\", \"response\": \"<|eot_id|>\"}",
                    "{\"messages\": [{\"role\": \"assistant\", \"tool_calls\": [{\"name\": \"f\", \"arguments\":"
                            + " {\"x\": \"<|eot_id|>\"}}]}]}",})
    void theyCanBeForbidden(String row) {
        DataException e = assertThrows(DataException.class,
                () -> load("d.jsonl", "{\"text\": \"fine\"}\n" + row, SpecialText.ERROR));
        assertTrue(e.getMessage().contains("<|eot_id|> (1, first at " + directory.resolve("d.jsonl") + ":2)"),
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"<|begin_of_text|>a<|end_of_text|>",
                    "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHi<|eot_id|>",
                    "<|begin_of_text|>a<|eot_id|>\n",})
    void parsedTextGetsNoSecondBeginOrEnd(String text) {
        assertEquals(text, parsed(text));
        assertEquals(text, parsed(" \n" + text));
    }

    @Test
    void parsedTextGetsTheBeginAndEndThatItLacks() {
        assertEquals("<|begin_of_text|>a<|end_of_text|>", parsed("a"));
        assertEquals("<|begin_of_text|>a<|eot_id|>", parsed("a<|eot_id|>"));
        assertEquals("<|begin_of_text|>a<|reserved_special_token_0|><|end_of_text|>",
                parsed("<|begin_of_text|>a<|reserved_special_token_0|>"));
    }

    @Test
    void parsedContentsGetNoSecondBeginOrEnd() throws IOException {
        Document document = load("d.jsonl", "{\"instruction\": \"<|begin_of_text|>Hi\", \"output\":"
                + " \"a<|reserved_special_token_0|>b<|eot_id|>\"}", SpecialText.PARSE).documents().getFirst();
        assertEquals("a<|reserved_special_token_0|>b<|eot_id|>", Fixtures.counted(document));
        assertEquals(1, IntStream.of(document.ids()).filter(id -> id == Fixtures.BEGIN).count());
        assertEquals(8, specials(document));
    }

    @Test
    void parsedNamesNeedNoNote() throws IOException {
        assertEquals(List.of(), load("d.jsonl", "{\"text\": \"a<|eot_id|>\"}", SpecialText.PARSE).notes());
    }

    @Test
    void anAnswerOfItsEndAloneIsNotTrained() {
        DataException e = assertThrows(DataException.class,
                () -> load("d.jsonl", "{\"instruction\": \"Hi\", \"output\": \"<|eot_id|>\"}", SpecialText.PARSE));
        assertTrue(e.getMessage().contains("d.jsonl:1: an assistant's message holds nothing but the tokens"),
                e.getMessage());
    }
}

package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import llams.model.files.SettingException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Rows whose keys have other names are read as rows that have the known ones.
class ColumnsAreRenamedTest {
    @TempDir
    Path directory;

    private Corpus load(RowForm form, String columns, String name, String content) throws IOException {
        return Corpus.load(List.of(DataSource.of(Fixtures.file(directory, name, content.replace('\'', '"')))),
                new Reading(Fixtures.encoder(), form, Columns.of(List.of(columns.split(","))), null, null,
                        ReadingListener.SILENT));
    }

    private Corpus load(String columns, String content) throws IOException {
        return load(RowForm.SAMPLE, columns, "d.jsonl", content);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"text=body | {'body': 'T'} | {'text': 'T'}",
                    "prompt=query,response=reply | {'query': 'Q', 'reply': 'A'} | {'prompt': 'Q', 'response': 'A'}",
                    "output=input,input=output | {'instruction': 'Q', 'input': 'A', 'output': 'I'} | {'instruction': 'Q',"
                            + " 'input': 'I', 'output': 'A'}",
                    "messages=dialog,role=speaker,content=said | {'dialog': [{'speaker': 'user', 'said': 'Q'}, {'speaker':"
                            + " 'assistant', 'said': 'A'}]} | {'messages': [{'role': 'user', 'content': 'Q'}, {'role':"
                            + " 'assistant', 'content': 'A'}]}",
                    "ids=tokens | {'tokens': [72, 105]} | {'ids': [72, 105]}",
                    "system=about | {'about': 'S', 'question': 'Q', 'answer': 'A'} | {'system': 'S', 'question': 'Q',"
                            + " 'answer': 'A'}"})
    void rows(String columns, String row, String same) throws IOException {
        Corpus renamed = load(columns, row);
        assertEquals(Corpus
                .load(List.of(Fixtures.file(directory, "same.jsonl", same.replace('\'', '"'))), Fixtures.encoder())
                .documents()
                .stream()
                .toList(), renamed.documents().stream().toList());
        assertEquals(List.of(), renamed.notes());
    }

    @Test
    void pairsAndTables() throws IOException {
        Corpus pairs = load(RowForm.PAIR, "prompt=q,chosen=good,rejected=bad", "p.csv", "q,good,bad\nQ,A,B\n");
        assertEquals("A<|eot_id|>", Fixtures.counted(pairs.documents().get(0)));
        assertEquals("B<|eot_id|>", Fixtures.counted(pairs.documents().get(1)));
        Corpus lists = load(RowForm.SAMPLE, "ids=tokens", "l.csv", "tokens\n\"[72, 105]\"\n");
        assertEquals(2, lists.documents().tokens(0));
    }

    @Test
    void severalColumnsMayStandForOneKeyButNotInOneRow() throws IOException {
        Corpus both = load("text=body,text=article", "{'body': 'a'}\n{'article': 'b', 'body': null}\n");
        assertEquals(2, both.documents().size());
        String message = assertThrows(DataException.class,
                () -> load("text=body,text=article", "{'body': 'a', 'article': 'b'}")).getMessage();
        assertTrue(message.contains("d.jsonl:1: two columns are read as \"text\""), message);
    }

    @Test
    void aKeyWhoseNameAColumnTakesIsNoted() throws IOException {
        Corpus corpus = load("prompt=question", "{'prompt': 'P', 'question': 'Q', 'response': 'A'}");
        assertTrue(Fixtures.BYTES.decode(corpus.documents().getFirst().ids()).contains("\n\nQ<|eot_id|>"));
        assertTrue(corpus.notes().getFirst().contains("\"prompt (another column is read as it)\" (1 row)"),
                corpus.notes().toString());
    }

    @Test
    void aColumnThatIsNotThereIsNamedWithThoseThatAre() throws IOException {
        String message = assertThrows(DataException.class,
                () -> load("system=sytem,prompt=q", "{'q': 'Q', 'response': 'A', 'system2': 'S'}")).getMessage();
        assertTrue(
                message.endsWith("d.jsonl: no row has a column \"sytem\" (`columns system=sytem`); the columns are q,"
                        + " response, system2"),
                message);
        Corpus corpus = load("prompt=qestion", "{'prompt': 'Q', 'response': 'A'}");
        assertTrue(corpus.notes()
                .getFirst()
                .endsWith(
                        "no row has a column \"qestion\" (`columns prompt=qestion`);" + " \"prompt\" is read instead"),
                corpus.notes().toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"promt=question | did you mean prompt=question?", "prompt | a key and a column",
                    "=a | a key and a column", "zebra=a | of known keys: a_en, a_ko, answer",
                    "prompt=a,response=a | one key for column a"})
    void whatIsWrongIsNamed(String columns, String expected) {
        String message = assertThrows(SettingException.class, () -> Columns.of(List.of(columns.split(","))))
                .getMessage();
        assertTrue(message.startsWith("`columns` must be ") && message.contains(expected), message);
    }

    @Test
    void theTextSaysAll() {
        Columns columns = Columns.of(List.of("prompt=q", "role=who", "prompt=ask"));
        assertEquals("prompt=ask,prompt=q,role=who", columns.toString());
        assertEquals(columns, Columns.of(List.of(columns.toString().split(","))));
    }
}

package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.eval.ChoiceQuestion;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OneSpaceStandsBeforeAnAnswerTest {
    @TempDir
    Path directory;

    private List<ChoiceQuestion> read(String lines, List<String> unused) throws IOException {
        return ChoiceQuestion.read(Files.writeString(directory.resolve("q.jsonl"), lines), unused::add);
    }

    /// `_` is a blank, `\n` the end of a line, `-` no separator given.
    @ParameterizedTest
    @CsvSource({"q, a, -, q_a, q", "q, _a, -, q_a, q", "q, \\na, -, q\\na, q", "q_, a, -, q_a, q", "q_, _a, -, q_a, q",
            "q\\n, _a, -, q\\na, q", "q__, a, -, q__a, q", "q, __a, -, q__a, q", "서울, 은, '', 서울은, 서울",
            "서울, _은, '', 서울_은, 서울", "q_, a, '', q_a, q", "q_, _a, '', q__a, q", "q, a, \\nA:_, q\\nA:_a, q\\nA:",
            "q, a, =, q=a, q="})
    void oneSpaceOrWhatTheLineSays(String question, String choice, String separator, String text, String context)
            throws IOException {
        String key = separator.equals("-") ? "" : ", \"separator\": \"" + separator.replace('_', ' ') + "\"";
        ChoiceQuestion asked = read("{\"question\": \"%s\", \"choices\": [\"%s\", \"other\"], \"answer\": 0%s}"
                .formatted(question.replace('_', ' '), choice.replace('_', ' '), key), new ArrayList<>()).getFirst();
        assertEquals(text.replace('_', ' ').replace("\\n", "\n"), asked.text(asked.choices().getFirst()));
        assertEquals(context.replace('_', ' ').replace("\\n", "\n"), asked.context());
    }

    @Test
    void keysThatMeanNothingHereAreHeardOf() throws IOException {
        List<String> unused = new ArrayList<>();
        read("""
                {"question": "q", "choices": ["a", "b"], "answer": 0, "subject": "x"}
                {"question": "q", "choices": ["a", "b"], "answer": 1, "separator": null, "id": 3, "subject": "y"}
                """, unused);
        assertEquals(List.of("subject", "id", "subject"), unused);
    }

    @Test
    void aSeparatorIsAText() {
        DataException wrong = assertThrows(DataException.class,
                () -> read("{\"question\": \"q\", \"choices\": [\"a\", \"b\"], \"answer\": 0, \"separator\": false}",
                        new ArrayList<>()));
        assertTrue(wrong.getMessage().contains("q.jsonl:1: \"separator\" is false; wanted a string, \"\" for none"),
                wrong::getMessage);
    }
}

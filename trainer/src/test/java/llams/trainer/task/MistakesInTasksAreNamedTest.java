package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class MistakesInTasksAreNamedTest {
    @TempDir
    Path directory;

    private Task task(String yaml) throws IOException {
        return Tasks.find(Files.writeString(directory.resolve("mine.yaml"), yaml).toString());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"prompt: a | answer is missing", "promt: a | unknown key \"promt\"; known here: about, data",
                    "prompt: a;answer: b;choices: 'c';max-tokens: 3 | mine.yaml:4: max-tokens is for answers that the"
                            + " model writes",
                    "prompt: a;answer: b;max-tokens: none | mine.yaml:3: wanted a whole number of at least 1, found \"none\"",
                    "prompt: a;answer: b;ignore: [spaces, tabs] | mine.yaml:3: wanted one of spaces, case, punctuation,"
                            + " edges, found \"tabs\"",
                    "prompt: '{{a';answer: b | mine.yaml:1: not a template: a tag is never closed",
                    "prompt: a;answer: b;chat: yes | mine.yaml:3: wanted true or false, found \"yes\"",
                    "prompt: a;answer: b;stop: [''] | mine.yaml:3: wanted a text that ends answers"})
    void inTheFile(String yaml, String message) {
        String said = assertThrows(DataException.class, () -> task(yaml.replace(";", "\n"))).getMessage();
        assertTrue(said.contains(message) && said.contains("mine.yaml"), said);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{\"q\": 1, \"a\": \"x\", \"c\": [\"x\", \"y\"]} | ",
                    "{\"q\": 1, \"a\": \"z\", \"c\": [\"x\", \"y\"]} | rows.jsonl:1: the right answer is \"z\"; wanted one"
                            + " of the choices [x, y]",
                    "{\"q\": 1, \"a\": 0, \"c\": [\"x\"]} | rows.jsonl:1: 1 choices; wanted two or more",
                    "{\"q\": 1, \"a\": 0, \"c\": \"x\"} | rows.jsonl:1: \"c\" is a string; wanted a list of texts, the"
                            + " choices",
                    "{\"a\": 0, \"c\": [\"x\", \"y\"]} | rows.jsonl:1: \"q\" is missing, which the template at"})
    void inTheRows(String row, String message) throws IOException {
        Task task = task("prompt: '{{q}}'\nanswer: '{{a}}'\nchoices: c\ndata: rows.jsonl\n");
        Files.writeString(directory.resolve("rows.jsonl"), row);
        if (message == null) {
            assertEquals(List.of("x", "y"), TaskQuestions.read(task, directory, 9).questions().getFirst().choices());
        } else {
            String said = assertThrows(DataException.class, () -> TaskQuestions.read(task, directory, 9)).getMessage();
            assertTrue(said.contains(message), said);
        }
    }

    @Test
    void tooFewExamples() throws IOException {
        Files.writeString(directory.resolve("rows.jsonl"), "{\"q\": 1, \"subject\": \"law\"}\n".repeat(2));
        Task task = task("prompt: '{{q}}'\nanswer: x\nshots: 2\nshots-data: same\ndata: rows.jsonl\n");
        String said = assertThrows(DataException.class, () -> TaskQuestions.read(task, directory, 9)).getMessage();
        assertEquals("mine: 2 examples are wanted before each question of \"law\", and there are 1; take fewer", said);
    }

    @Test
    void neitherNameNorFile() {
        String said = assertThrows(DataException.class, () -> Tasks.find("kmlu")).getMessage();
        assertTrue(said.startsWith("kmlu: neither a task's file nor one of kobest-boolq"), said);
    }
}

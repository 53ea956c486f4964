package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class JsonlRowsAreRecognizedTest {
    private static final ChatMessage Q = new ChatMessage("user", "Q");
    private static final ChatMessage A = new ChatMessage("assistant", "A");

    @TempDir
    Path directory;

    private static List<Sample> read(String row) {
        List<Sample> samples = new ArrayList<>();
        JsonlReader.read(Row.parse(row, "f:1"), samples::add);
        return samples;
    }

    private static void assertChat(String row, ChatMessage... messages) {
        assertEquals(List.of(new Sample.Chat("f:1", List.of(messages))), read(row));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'messages': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A'}]}",
                    "{'conversations': [{'from': 'human', 'value': 'Q'}, {'from': 'gpt', 'value': 'A'}], 'id': 7}",
                    "{'conversations': [{'role': 'user', 'content': 'Q'}, {'role': 'assistant', 'content': 'A'}]}",
                    "{'messages': {'role': ['user', 'assistant'], 'content': ['Q', 'A']}}",
                    "{'instruction': 'Q', 'output': 'A'}",
                    "{'instruction': 'Q', 'input': '', 'output': 'A', 'text': 'formatted'}",
                    "{'prompt': 'Q', 'response': 'A'}", "{'prompt': 'Q', 'completion': 'A'}",
                    "{'question': 'Q', 'answer': 'A'}",})
    void everyFormOfOneQuestionAndAnswerIsTheSameConversation(String row) {
        assertChat(row.replace('\'', '"'), Q, A);
    }

    @Test
    void anInputStandsBelowItsInstruction() {
        assertChat("{\"instruction\": \"Add.\", \"input\": \"2, 2\", \"output\": \"A\"}",
                new ChatMessage("user", "Add.\n\n2, 2"), A);
    }

    @Test
    void aSystemColumnBecomesTheFirstMessage() {
        assertChat("{\"system\": \"S\", \"prompt\": \"Q\", \"response\": \"A\"}", new ChatMessage("system", "S"), Q, A);
    }

    @Test
    void rolesOfToolsBecomeIpython() {
        assertChat("{\"messages\": [{\"role\": \"tool\", \"content\": \"42\"}]}", new ChatMessage("ipython", "42"));
    }

    @Test
    void idsComeWithOrWithoutLabels() {
        Sample.Ids without = (Sample.Ids) read("{\"ids\": [1, 2, 3]}").getFirst();
        assertArrayEquals(new int[] {1, 2, 3}, without.ids());
        assertArrayEquals(new int[] {1, 2, 3}, without.labels());
        Sample.Ids with = (Sample.Ids) read("{\"input_ids\": [1, 2], \"labels\": [-100, 2]}").getFirst();
        assertArrayEquals(new int[] {-100, 2}, with.labels());
    }

    @Test
    void aLanguagePairBecomesFourCrossLingualConversations() {
        List<Sample> samples = read("{\"id\": 1, \"q_ko\": \"질문\", \"a_ko\": \"답\", \"q_en\": \"Q\", \"a_en\": \"A\"}");
        List<String> turns = samples.stream()
                .map(s -> ((Sample.Chat) s).messages())
                .map(m -> m.get(0).role() + " " + m.get(0).content() + ", " + m.get(1).role() + " "
                        + m.get(1).content())
                .toList();
        assertEquals(
                List.of("user Q, assistant A", "user Q, assistant 답", "user 질문, assistant A", "user 질문, assistant 답"),
                turns);
    }

    @Test
    void unknownKeysAreAnsweredWithTheNearestFormAndAnExample() {
        Path file = Fixtures.file(directory, "d.jsonl",
                "{\"text\": \"fine\"}\n{\"Prompt\": \"x\", \"reply\": \"y\"}\n");
        DataException e = assertThrows(DataException.class, () -> Fixtures.samples(file));
        assertEquals(
                file + ":2: no known form of training data; its keys are Prompt, reply; the nearest form has"
                        + " prompt, response, for example {\"prompt\": \"What is 2 + 2?\", \"response\": \"4\"}",
                e.getMessage());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'mesages': []}|nearest form has messages",
                    "{'id': 7, 'ko': 'x', 'category': 'y'}|wanted text, or messages, or conversations, or instruction"
                            + " and output",
                    "{'messages': []}|\"messages\" is empty",
                    "{'messages': 'x'}|\"messages\" is a string; wanted a list",
                    "{'messages': [{'role': 'user'}]}|\"messages\"[0] has the keys role; wanted \"role\" and"
                            + " \"content\"",
                    "{'messages': [{'role': 'user', 'content': 5}]}|\"messages\"[0]: \"content\" is the number 5",
                    "{'messages': [{'role': 'narrator', 'content': 'x'}]}|role \"narrator\" is not known",
                    "{'text': null}|its keys are text (null); the nearest form has text",
                    "{'ids': [1, 'x']}|\"ids\"[1] is a string; wanted an id",
                    "{'ids': [1, 2], 'labels': [1]}|\"ids\" has 2 entries, \"labels\" 1",
                    "{'text': 'a', 'text': 'b'}|Duplicate", "{'text': 'a'|not JSON at column",
                    "{'text': 'a'} {}|not JSON at column", "[1]|wanted one JSON object per line, found a list",})
    void wrongRowsNameFileLineAndWhatIsWanted(String example) {
        String row = example.substring(0, example.indexOf('|')).replace('\'', '"');
        String wanted = example.substring(example.indexOf('|') + 1);
        Path file = Fixtures.file(directory, "d.jsonl", "\n" + row + "\n");
        DataException e = assertThrows(DataException.class, () -> Fixtures.samples(file));
        assertTrue(e.getMessage().startsWith(file + ":2: "), e.getMessage());
        assertTrue(e.getMessage().contains(wanted), e.getMessage());
    }
}

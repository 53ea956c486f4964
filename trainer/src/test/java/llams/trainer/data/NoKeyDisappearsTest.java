package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Each key of a row is used, or counted, or refused. Rows are written with ' for ".
class NoKeyDisappearsTest {
    @TempDir
    Path directory;

    private Corpus load(String... rows) throws IOException {
        Path file = Fixtures.file(directory, "d.jsonl", String.join("\n", rows).replace('\'', '"'));
        return Corpus.load(List.of(file), Fixtures.encoder());
    }

    private List<String> notes(String... rows) throws IOException {
        return load(rows).notes().stream().map(note -> note.replace(directory + "/", "")).toList();
    }

    private static List<Sample> read(String row) {
        List<Sample> samples = new ArrayList<>();
        JsonlReader.read(Row.parse(row.replace('\'', '"'), "f:1"), samples::add);
        return samples;
    }

    private static List<ChatMessage> messages(String row) {
        return ((Sample.Chat) read(row).getFirst()).messages();
    }

    private static String refusal(String row) {
        return assertThrows(DataException.class, () -> read(row)).getMessage();
    }

    @Test
    void keysThatAreNotUsedAreCountedByName() throws IOException {
        assertEquals(
                List.of("d.jsonl: not used: \"source\" (2 rows), \"id\" (1 row), \"messages[].name\" (1 row),"
                        + " \"messages[].tool_calls[].id\" (1 row)"),
                notes("{'text': 'x', 'source': 'a'}", "{'text': 'x', 'source': 'b', 'id': 7}",
                        "{'messages': [{'role': 'user', 'content': 'Q', 'name': 'Kim'}, {'role': 'user', 'content':"
                                + " 'Q', 'name': 'Lee'},"
                                + " {'role': 'assistant', 'tool_calls': [{'id': 'c1', 'function': {'name': 'f'}}]}]}"));
        assertEquals(List.of("d.jsonl: not used: \"text\" (1 row), \"token_type_ids\" (1 row)"),
                notes("{'input_ids': [1, 2], 'text': 'x', 'token_type_ids': [0, 0]}"));
    }

    @Test
    void aFileWithOtherKeysInEveryRowStaysALine() throws IOException {
        String[] rows = new String[2_000];
        for (int i = 0; i < rows.length; i++) {
            rows[i] = "{'text': 'x', 'k" + i + "': 1}";
        }
        List<String> notes = notes(rows);
        assertEquals(1, notes.size());
        assertTrue(notes.getFirst().endsWith("\"k19\" (1 row), 980 more"), notes.getFirst());
    }

    @Test
    void longNamesStayShort() throws IOException {
        String note = notes("{'text': 'x', '" + "k".repeat(10_000) + "': 1}").getFirst();
        assertTrue(note.length() < 200, note);
        StringBuilder keys = new StringBuilder("{'a0': 1");
        for (int i = 1; i < 500; i++) {
            keys.append(", 'a").append(i).append("': 1");
        }
        assertTrue(refusal(keys + "}").contains(" and 480 more; "));
        assertTrue(refusal("{'messages': [{'role': '" + "r".repeat(10_000) + "', 'content': 'x'}]}").length() < 400);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'instruction': 'Q', 'context': 'C', 'response': 'A', 'category': 'qa'}",
                    "{'instruction': 'Q', 'input': 'C', 'output': 'A'}",
                    "{'question': 'Q', 'input': '', 'context': 'C', 'answer': 'A'}",})
    void whatTheQuestionIsAboutStandsBelowIt(String row) {
        assertEquals(List.of(new ChatMessage("user", "Q\n\nC"), new ChatMessage("assistant", "A")), messages(row));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'system': 'S', 'messages': [{'role': 'user', 'content': 'Q'}]}",
                    "{'system_prompt': 'S', 'conversations': [{'from': 'human', 'value': 'Q'}]}",
                    "{'system': 'S', 'messages': [{'role': 'system', 'content': ' S '}, {'role': 'user', 'content':"
                            + " 'Q'}]}",
                    "{'system_prompt': 'S', 'question': 'Q', 'response': 'A'}",})
    void aSystemColumnIsTheFirstMessageOfEveryForm(String row) {
        List<ChatMessage> messages = messages(row);
        assertEquals("system", messages.getFirst().role());
        assertEquals("S", messages.getFirst().content().strip());
        assertEquals(new ChatMessage("user", "Q"), messages.get(1));
    }

    @Test
    void aSecondOtherSystemMessageIsRefused() {
        assertTrue(refusal("{'system': 'S', 'messages': [{'role': 'system', 'content': 'T'}, {'role': 'user',"
                + " 'content': 'Q'}]}").startsWith("f:1: \"system\" differs from the system message"));
    }

    @Test
    void anEmptySystemColumnIsNoMessage() {
        assertEquals("user", messages("{'system_prompt': '', 'question': 'Q', 'response': 'A'}").getFirst().role());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'tools': [{'name': 'f'}], 'messages': [{'role': 'user', 'content': 'Q'}]}",
                    "{'tools': '[{\\'name\\': \\'f\\'}]', 'conversations': [{'from': 'human', 'value': 'Q'}]}",
                    "{'functions': ['{\\'name\\': \\'f\\'}'], 'instruction': 'Q', 'output': 'A'}",})
    void toolsOfEveryFormComeWithTheConversation(String row) {
        List<?> tools = ((Sample.Chat) read(row.replace("\\'", "\\\"")).getFirst()).tools();
        assertEquals("[{\"name\":\"f\"}]", tools.toString());
    }

    @ParameterizedTest
    @ValueSource(strings = {"''", "'[]'", "[]", "null"})
    void noToolsAreNoTools(String tools) {
        assertEquals(List.of(),
                ((Sample.Chat) read("{'tools': " + tools + ", 'prompt': 'Q', 'response': 'A'}").getFirst()).tools());
    }

    @Test
    void toolsThatTheFormatCannotDescribeAreRefusedByName() {
        DataException e = assertThrows(DataException.class,
                () -> load("{'tools': [{'name': 'f'}], 'prompt': 'Q', 'response': 'A'}"));
        assertTrue(e.getMessage().contains("d.jsonl:1") && e.getMessage().contains("tools"), e.getMessage());
    }

    @Test
    void historyComesFirst() {
        assertEquals(List.of(new ChatMessage("system", "S"), new ChatMessage("user", "Q1"),
                new ChatMessage("assistant", "A1"), new ChatMessage("user", "Q"), new ChatMessage("assistant", "A")),
                messages("{'system': 'S', 'instruction': 'Q', 'output': 'A', 'history': [['Q1', 'A1']]}"));
        assertTrue(refusal("{'instruction': 'Q', 'output': 'A', 'history': [['Q1']]}").contains("\"history\"[0]"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"{'prompt': 'Q', 'chosen': 'A', 'rejected': 'B'} | preference data (\"chosen\" and \"rejected\")",
                    "{'chosen': [{'role': 'user', 'content': 'Q'}], 'rejected': []} | jq -c '{messages: .chosen}'",
                    "{'prompt': 'Q', 'completion': 'A', 'label': false} | \"label\" says whether the answer is good",
                    "{'instruction': 'Q', 'output': ' '} | \"output\" is blank",
                    "{'messages': [{'role': 'assistant', 'content': ''}]} | \"messages\"[0] is an assistant's"
                            + " message without content",
                    "{'messages': [{'role': 'assistant', 'content': null, 'tool_calls': []}]} | \"messages\"[0] is an"
                            + " assistant's message without content",
                    "{'messages': [{'role': 'user', 'content': [{'type': 'image_url', 'image_url': {}}]}]} |"
                            + " \"content\"[0] is of type \"image_url\"",
                    "{'messages': [{'role': 'assistant', 'content': 'A', 'weight': 0.5}]} | \"weight\" is the"
                            + " number 0.5",
                    "{'messages': [{'role': 'assistant', 'content': 'A', 'train': 'no'}]} | \"train\" is a string",
                    "{'instruction': 'Q', 'output': 'A', 'history': 'Q1'} | \"history\" is a string",
                    "{'instruction': 'Q', 'output': 'A', 'history': [{'a': 'Q1', 'b': 'A1'}]} | \"history\"[0] is"
                            + " an object",
                    "{'tools': 5, 'prompt': 'Q', 'response': 'A'} | \"tools\" is the number 5",})
    void whatCannotBeMeantIsRefusedByName(String row, String wanted) {
        // A quotation mark of the hint stands as ' in the row as well.
        String message = refusal(row);
        assertTrue(message.startsWith("f:1: ") && message.contains(wanted), message);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{'text': 'A', 'messages': null}",
                    "{'text': 'A', 'input_ids': null, 'labels': null, 'id': null}",
                    "{'text': 'A', 'instruction': null, 'output': null}", "{'text': 'A', 'score': NaN}",})
    void keysThatAreNullAreAbsent(String row) throws IOException {
        assertEquals(List.of(new Sample.Text("f:1", "A")), read(row));
        assertEquals(List.of(), notes(row));
    }

    @Test
    void keysThatAreNullAreAbsentWithinMessagesToo() throws IOException {
        String row = "{'messages': [{'role': 'assistant', 'content': 'A', 'tool_calls': null, 'function_call':"
                + " null, 'weight': null, 'name': null}], 'system': null, 'tools': null}";
        assertEquals(List.of(new ChatMessage("assistant", "A")), messages(row));
        assertEquals(List.of(), notes(row));
        assertArrayEquals(new int[] {1, 2},
                ((Sample.Ids) read("{'ids': [1, 2], 'labels': null, 'attention_mask': null}").getFirst()).labels());
    }

    @Test
    void idsThatAreNotAttendedToAreNoPartOfTheDocument() {
        Sample.Ids ids = (Sample.Ids) read("{'input_ids': [0, 0, 5, 6, 7], 'labels': [-100, -100, -100, 6, 7],"
                + " 'attention_mask': [0, 0, 1, 1, true]}").getFirst();
        assertArrayEquals(new int[] {5, 6, 7}, ids.ids());
        assertArrayEquals(new int[] {-100, 6, 7}, ids.labels());
        Sample.Ids masked = (Sample.Ids) read("{'input_ids': [5, 6, 7], 'completion_mask': [0, 0, 1]}").getFirst();
        assertArrayEquals(new int[] {-100, -100, 7}, masked.labels());
        assertTrue(refusal("{'ids': [5, 6], 'attention_mask': [1]}").contains("\"attention_mask\" is a list of 1"));
        assertTrue(
                refusal("{'ids': [5, 6], 'attention_mask': [1, 2]}").contains("\"attention_mask\"[1] is the number 2"));
    }

    @Test
    void aDocumentOfPaddingAloneIsEmpty() throws IOException {
        Corpus corpus = load("{'ids': [5, 6], 'attention_mask': [0, 0]}", "{'ids': [5, 6]}");
        assertEquals(1, corpus.empty());
        assertEquals(List.of("1 text or list of ids is empty and is left out"), corpus.notes());
    }
}

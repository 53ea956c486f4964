package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.chat.ToolCall;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Messages are written with ' for ".
class MessagesAreReadAsPeersWriteThemTest {
    private static ChatMessage message(String message) {
        List<Sample> samples = new ArrayList<>();
        JsonlReader.read(Row.parse("{'messages': [".replace('\'', '"') + message.replace('\'', '"') + "]}", "f:1"),
                samples::add);
        return ((Sample.Chat) samples.getFirst()).messages().getFirst();
    }

    private static String counted(String... messages) {
        List<Sample> samples = new ArrayList<>();
        JsonlReader.read(Row.parse(("{'messages': [" + String.join(", ", messages) + "]}").replace('\'', '"'), "f:1"),
                samples::add);
        return Fixtures.counted(Fixtures.encoder().encode(samples.getFirst()).getFirst());
    }

    @ParameterizedTest
    @CsvSource({"human, user", "User, user", "prompter, user", "gpt, assistant", "ChatGPT, assistant", "bot, assistant",
            "model, assistant", "developer, system", "SYSTEM, system", "tool, ipython", "function, ipython",
            "observation, ipython", "ipython, ipython",})
    void rolesHaveManyNames(String name, String role) {
        assertEquals(new ChatMessage(role, "x"), message("{'from': '" + name + "', 'value': 'x'}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                    "{'role': 'assistant', 'content': null, 'tool_calls': [{'type': 'function', 'id': 'a',"
                            + " 'function': {'name': 'f', 'arguments': '{\\'x\\': 1}'}}]}",
                    "{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': {'x': 1}}}]}",
                    "{'role': 'assistant', 'content': '', 'tool_calls': [{'name': 'f', 'arguments': {'x': 1}}]}",
                    "{'role': 'assistant', 'content': null, 'function_call': {'name': 'f', 'arguments': '{\\'x\\':"
                            + " 1}'}}",
                    "{'from': 'function_call', 'value': '{\\'name\\': \\'f\\', \\'arguments\\': {\\'x\\': 1}}'}",
                    "{'role': 'function_call', 'content': null, 'tool_calls': [{'name': 'f', 'arguments': {'x': 1}}]}",
                    "{'from': 'tool_call', 'value': {'name': 'f', 'parameters': {'x': 1}}}",})
    void everyFormOfACallIsTheSame(String row) {
        ChatMessage message = message(row.replace("\\'", "\\\""));
        assertEquals("", message.content());
        assertEquals("[ToolCall[name=f, arguments={\"x\":1}]]", message.toolCalls().toString());
        assertTrue(message.trained());
    }

    @Test
    void aCallWithoutArgumentsHasNone() {
        ToolCall call = message("{'role': 'assistant', 'tool_calls': [{'function': {'name': 'now', 'arguments': ''}}]}")
                .toolCalls()
                .getFirst();
        assertEquals("{}", call.arguments().toString());
    }

    @Test
    void aCallIsTrainedAsLlama31WritesIt() {
        assertEquals("{\"name\":\"f\",\"parameters\":{\"x\":1}}<|eot_id|>", counted("{'role': 'user', 'content': 'Q'}",
                "{'role': 'assistant', 'content': null, 'tool_calls': [{'name': 'f', 'arguments': {'x': 1}}]}"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                    "{'role': 'user', 'content': 'x', 'tool_calls': [{'name': 'f'}]} | calls a tool; only an"
                            + " assistant does",
                    "{'role': 'assistant', 'tool_calls': [{'type': 'retrieval'}]} | is of type \"retrieval\"",
                    "{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': '{x'}}]} |"
                            + " \"arguments\": not JSON",
                    "{'role': 'assistant', 'tool_calls': [{'function': {'name': 'f', 'arguments': [1]}}]} |"
                            + " \"arguments\" is a list; wanted an object",
                    "{'role': 'assistant', 'tool_calls': [5]} | \"tool_calls\"[0] is the number 5",
                    "{'from': 'function_call', 'value': 'now'} | \"value\": not JSON",})
    void whatIsNoCallIsRefusedWithItsPlace(String row, String wanted) {
        DataException e = assertThrows(DataException.class, () -> message(row));
        assertTrue(e.getMessage().startsWith("f:1: \"messages\"[0]") && e.getMessage().contains(wanted),
                e.getMessage());
    }

    @Test
    void partsOfTextAreItsLines() {
        assertEquals(new ChatMessage("user", "one\ntwo"),
                message("{'role': 'user', 'content': [{'type': 'text', 'text': 'one'}, {'type': 'input_text',"
                        + " 'text': 'two'}]}"));
        assertEquals(new ChatMessage("user", "one"), message("{'role': 'user', 'content': ['one']}"));
    }

    @Test
    void aToolMayAnswerWithJson() {
        assertEquals(new ChatMessage("ipython", "{\"t\":5}"), message("{'role': 'tool', 'content': {'t': 5}}"));
        assertEquals(new ChatMessage("ipython", "[{\"t\":5}]"), message("{'role': 'tool', 'content': [{'t': 5}]}"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"'weight': 0", "'weight': 0.0", "'train': false", "'trained': false", "'training': 0",
                    "'loss': false", "'weight': 1, 'train': false"})
    void maskedAnswersAreNotTrained(String mask) {
        assertEquals("good<|eot_id|>",
                counted("{'role': 'user', 'content': 'Q'}", "{'role': 'assistant', 'content': 'bad', " + mask + "}",
                        "{'role': 'user', 'content': 'Q', 'weight': 0}",
                        "{'role': 'assistant', 'content': 'good', 'weight': 1, 'train': true}"));
    }
}

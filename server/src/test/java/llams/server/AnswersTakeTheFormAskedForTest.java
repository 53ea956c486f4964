package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A model that says anything says JSON, and calls tools, when it is asked to.
class AnswersTakeTheFormAskedForTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String HELLO = "\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"seed\": 1";
    static final String TEMPLATE = """
            {{- bos_token }}
            {%- if tools %}
                {{- tools | tojson }}
            {%- endif %}
            {%- for message in messages %}
                {{- '<|start_header_id|>' ~ message['role'] ~ '<|end_header_id|>\\n\\n' }}
                {%- if message.tool_calls %}
                    {{- message.tool_calls[0].function.name }}
                {%- else %}
                    {{- message['content'] }}
                {%- endif %}
                {{- '<|eot_id|>' }}
            {%- endfor %}
            {%- if add_generation_prompt %}
                {{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}
            {%- endif %}
            """;
    private static final String CITY = "{\"type\": \"object\", \"properties\": {\"city\": {\"enum\": [\"Seoul\", \"Busan\"]},"
            + " \"now\": {\"type\": \"boolean\"}}, \"required\": [\"city\", \"now\"]}";
    private static final String TOOLS = ", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"weather\","
            + " \"parameters\": " + CITY + "}}], \"tool_choice\": ";

    @TempDir
    static Path temporary;
    private static SmallServer small;

    @BeforeAll
    static void start() throws IOException {
        Path model = temporary.resolve("model");
        SmallServer.write(model);
        Files.writeString(model.resolve("chat_template.jinja"), TEMPLATE);
        small = SmallServer.start(model, SmallServer.settings());
    }

    @AfterAll
    static void stop() throws IOException {
        small.close();
    }

    private static JsonNode choice(String more) throws Exception {
        return small.answer(CHAT, "{" + HELLO + more + "}").get("choices").get(0);
    }

    private static String format(String schema) {
        return ", \"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"a\", \"schema\": "
                + schema + "}}";
    }

    @Test
    void jsonOfASchema() throws Exception {
        Set<String> cities = new TreeSet<>();
        for (int seed = 0; seed < 6; seed++) {
            JsonNode choice = choice(format(CITY).replace("\"name\": \"a\"", "\"name\": \"a" + seed + "\"")
                    + ", \"top_k\": 0, \"temperature\": " + (1 + seed / 10.0));
            assertEquals("stop", choice.get("finish_reason").stringValue());
            JsonNode made = SmallServer.json(choice.get("message").get("content").stringValue());
            assertEquals(List.of("city", "now"), List.copyOf(made.propertyNames()));
            assertTrue(made.get("now").isBoolean());
            cities.add(made.get("city").stringValue());
        }
        assertTrue(Set.of("Seoul", "Busan").containsAll(cities), cities.toString());
    }

    @Test
    void whatASchemaNeedsAndThereIsNotIsNamed() throws Exception {
        HttpResponse<String> response = small.post(CHAT, "{" + HELLO + format("{\"pattern\": \"a\"}") + "}");
        assertEquals(400, response.statusCode());
        JsonNode error = SmallServer.json(response.body()).get("error");
        assertEquals("response_format.json_schema", error.get("param").stringValue());
        assertEquals("schema: \"pattern\" is not supported here", error.get("message").stringValue());
    }

    @Test
    void anAnswerThatMustCallDoes() throws Exception {
        for (String how : List.of("\"required\"", "{\"type\": \"function\", \"function\": {\"name\": \"weather\"}}")) {
            JsonNode choice = choice(TOOLS + how);
            assertEquals("tool_calls", choice.get("finish_reason").stringValue());
            JsonNode message = choice.get("message");
            assertTrue(message.get("content").isNull());
            JsonNode call = message.get("tool_calls").get(0);
            assertEquals("function", call.get("type").stringValue());
            assertEquals("weather", call.get("function").get("name").stringValue());
            JsonNode arguments = SmallServer.json(call.get("function").get("arguments").stringValue());
            assertTrue(Set.of("Seoul", "Busan").contains(arguments.get("city").stringValue()));
        }
        List<JsonNode> chunks = small.stream(CHAT, "{" + HELLO + TOOLS + "\"required\", \"stream\": true}");
        assertEquals(3, chunks.size(), chunks.toString());
        JsonNode call = chunks.get(1).get("choices").get(0).get("delta").get("tool_calls").get(0);
        assertEquals(0, call.get("index").intValue());
        assertEquals("weather", call.get("function").get("name").stringValue());
        assertEquals("tool_calls", chunks.get(2).get("choices").get(0).get("finish_reason").stringValue());
    }

    @Test
    void anAnswerThatMayCallIsTextUntilItDoes() throws Exception {
        String whole = choice(TOOLS + "\"auto\", \"max_tokens\": 20").get("message").get("content").stringValue();
        StringBuilder text = new StringBuilder();
        for (JsonNode chunk : small.stream(CHAT,
                "{" + HELLO + TOOLS + "\"auto\", \"max_tokens\": 20, \"stream\": true}")) {
            text.append(chunk.get("choices").get(0).get("delta").path("content").asString(""));
        }
        assertEquals(whole, text.toString());
    }

    @Test
    void whatAToolSaidIsRead() throws Exception {
        JsonNode answer = small.answer(CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"Weather?\"},"
                + " {\"role\": \"assistant\", \"content\": null, \"tool_calls\": [{\"id\": \"c\", \"type\": \"function\","
                + " \"function\": {\"name\": \"weather\", \"arguments\": \"{}\"}}]},"
                + " {\"role\": \"tool\", \"tool_call_id\": \"c\", \"content\": \"rain\"}], \"max_tokens\": 3, \"seed\": 1}");
        assertEquals(3, answer.get("usage").get("completion_tokens").intValue());
    }

    @Test
    void aCallIsFoundInTextsOfSeveralForms() {
        Tools tools = Tools.of(new Fields((ObjectNode) SmallServer.json("{\"a\": 1" + TOOLS + "\"auto\"}"), ""));
        for (String text : List.of("{\"name\": \"weather\", \"parameters\": {\"city\": \"Seoul\"}}",
                "<|python_tag|>{\"name\": \"weather\", \"parameters\": {\"city\": \"Seoul\"}}",
                "\n<tool_call>\n{\"name\": \"weather\", \"arguments\": {\"city\": \"Seoul\"}}\n</tool_call>")) {
            assertEquals(new Tools.Call("weather", "{\"city\":\"Seoul\"}"), tools.call(text), text);
        }
        for (String text : List.of("Hello", "{\"name\": \"other\", \"parameters\": {}}", "{\"name\": \"weather\"",
                "{}")) {
            assertEquals(null, tools.call(text), text);
        }
        for (String begun : List.of("", " {", "{\"na", "{ \"name\": \"we", "<tool", "{\"type\": \"function\"")) {
            assertTrue(tools.mayBeCall(begun), begun);
        }
        for (String begun : List.of("H", "{\"city", "{}", "{\"names", "<b>")) {
            assertFalse(tools.mayBeCall(begun), begun);
        }
    }
}

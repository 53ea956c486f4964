package llams.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// What clients of OpenAI's interface rely on is there: every field, every chunk, every number.
class AnswersHaveOpenAisFormTest {
    private static final String CHAT = "/v1/chat/completions";
    private static final String COMPLETIONS = "/v1/completions";
    private static final String HELLO = "\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}], \"temperature\": 0";

    @TempDir
    static Path temporary;
    private static SmallServer small;

    @BeforeAll
    static void start() throws IOException {
        small = SmallServer.start(temporary.resolve("model"), SmallServer.settings());
    }

    @AfterAll
    static void stop() throws IOException {
        small.close();
    }

    private static Set<String> names(JsonNode object) {
        return new TreeSet<>(object.propertyNames());
    }

    @Test
    void aChatIsAnsweredAtOnce() throws Exception {
        JsonNode answer = small.answer(CHAT, "{\"model\": \"small\", " + HELLO + ", \"max_tokens\": 7, \"n\": 2}");
        assertEquals(Set.of("id", "object", "created", "model", "choices", "usage"), names(answer));
        assertEquals("chat.completion", answer.get("object").stringValue());
        assertEquals("small", answer.get("model").stringValue());
        assertEquals(2, answer.get("choices").size());
        JsonNode choice = answer.get("choices").get(1);
        assertEquals(Set.of("index", "message", "logprobs", "finish_reason"), names(choice));
        assertEquals(1, choice.get("index").intValue());
        assertEquals("assistant", choice.get("message").get("role").stringValue());
        assertEquals("length", choice.get("finish_reason").stringValue());
        JsonNode usage = answer.get("usage");
        // The text's begin, a header of four, five letters, an end, a header of four.
        int prompt = usage.get("prompt_tokens").intValue();
        assertEquals(14, usage.get("completion_tokens").intValue());
        assertEquals(prompt + 14, usage.get("total_tokens").intValue());
    }

    @Test
    void everyChunkOfAStreamIsComplete() throws Exception {
        String whole = small.answer(CHAT, "{\"model\": \"small\", " + HELLO + ", \"max_tokens\": 20}")
                .get("choices")
                .get(0)
                .get("message")
                .get("content")
                .stringValue();
        List<JsonNode> chunks = small.stream(CHAT, "{\"model\": \"small\", " + HELLO
                + ", \"max_tokens\": 20, \"stream\": true, \"stream_options\": {\"include_usage\": true}}");
        StringBuilder text = new StringBuilder();
        for (JsonNode chunk : chunks.subList(0, chunks.size() - 1)) {
            assertEquals(Set.of("id", "object", "created", "model", "choices", "usage"), names(chunk));
            assertEquals(chunks.getFirst().get("id"), chunk.get("id"));
            assertEquals("chat.completion.chunk", chunk.get("object").stringValue());
            assertTrue(chunk.get("usage").isNull());
            JsonNode choice = chunk.get("choices").get(0);
            assertEquals(Set.of("index", "delta", "logprobs", "finish_reason"), names(choice));
            text.append(choice.get("delta").path("content").asString(""));
            boolean last = chunk == chunks.get(chunks.size() - 2);
            assertEquals(last ? "length" : null, last ? choice.get("finish_reason").stringValue() : null);
            assertEquals(!last, choice.get("finish_reason").isNull());
        }
        assertEquals("assistant", chunks.getFirst().get("choices").get(0).get("delta").get("role").stringValue());
        assertEquals(whole, text.toString());
        JsonNode last = chunks.getLast();
        assertTrue(last.get("choices").isEmpty());
        assertEquals(20, last.get("usage").get("completion_tokens").intValue());
        // Whoever does not ask for usage is not sent any.
        assertFalse(small.stream(CHAT, "{" + HELLO + ", \"max_tokens\": 2, \"stream\": true}").getLast().has("usage"));
    }

    @Test
    void severalChoicesAndPromptsKeepTheirNumbers() throws Exception {
        String body = "{\"prompt\": [\"ab\", \"cd\"], \"n\": 2, \"seed\": 5, \"temperature\": 1, \"max_tokens\": 6";
        JsonNode choices = small.answer(COMPLETIONS, body + "}").get("choices");
        assertEquals(4, choices.size());
        StringBuilder[] texts = {new StringBuilder(), new StringBuilder(), new StringBuilder(), new StringBuilder()};
        for (JsonNode chunk : small.stream(COMPLETIONS, body + ", \"stream\": true}")) {
            assertEquals("text_completion", chunk.get("object").stringValue());
            JsonNode choice = chunk.get("choices").get(0);
            texts[choice.get("index").intValue()].append(choice.get("text").stringValue());
        }
        for (int i = 0; i < 4; i++) {
            assertEquals(i, choices.get(i).get("index").intValue());
            assertEquals(choices.get(i).get("text").stringValue(), texts[i].toString());
        }
        assertFalse(texts[0].toString().contentEquals(texts[1]));
    }

    @Test
    void scoresAreLogarithmsOfProbabilities() throws Exception {
        JsonNode choice = small
                .answer(COMPLETIONS,
                        "{\"prompt\": \"abc\", \"max_tokens\": 3, \"temperature\": 0,"
                                + " \"logprobs\": 2, \"echo\": true, \"seed\": 1}")
                .get("choices")
                .get(0);
        JsonNode scores = choice.get("logprobs");
        assertEquals(Set.of("tokens", "token_logprobs", "top_logprobs", "text_offset"), names(scores));
        // The begin of the text, three letters, three new tokens.
        assertEquals(7, scores.get("tokens").size());
        assertTrue(scores.get("token_logprobs").get(0).isNull());
        assertTrue(scores.get("top_logprobs").get(0).isNull());
        String text = scores.get("tokens").valueStream().map(JsonNode::stringValue).collect(Collectors.joining());
        assertTrue(choice.get("text").stringValue().startsWith("<|begin_of_text|>abc"), choice.toString());
        for (int i = 1; i < 7; i++) {
            double score = scores.get("token_logprobs").get(i).doubleValue();
            assertTrue(score < 0, scores.toString());
            // What was taken at temperature 0 is the most probable.
            double best = scores.get("top_logprobs")
                    .get(i)
                    .valueStream()
                    .mapToDouble(JsonNode::doubleValue)
                    .max()
                    .orElseThrow();
            assertTrue(i < 4 ? score <= best : score == best, scores.toString());
        }
        assertEquals(text.length(),
                scores.get("text_offset").get(6).intValue() + scores.get("tokens").get(6).stringValue().length());
        JsonNode chat = small
                .answer(CHAT, "{" + HELLO + ", \"max_tokens\": 2, \"logprobs\": true, \"top_logprobs\": 3}")
                .get("choices")
                .get(0)
                .get("logprobs")
                .get("content");
        assertEquals(2, chat.size());
        assertEquals(Set.of("token", "logprob", "bytes", "top_logprobs"), names(chat.get(0)));
        assertEquals(3, chat.get(0).get("top_logprobs").size());
        assertEquals(chat.get(0).get("logprob"), chat.get(0).get("top_logprobs").get(0).get("logprob"));
    }

    @Test
    void aStopTextEndsTheAnswerBeforeIt() throws Exception {
        String whole = small.complete("small", "abcdefghijkl", 40, ", \"temperature\": 0");
        String stop = whole.substring(10, 12);
        JsonNode choice = small
                .answer(COMPLETIONS,
                        "{\"prompt\": \"abcdefghijkl\", \"max_tokens\": 40," + " \"temperature\": 0, \"stop\": ["
                                + quoted(stop) + "]}")
                .get("choices")
                .get(0);
        assertEquals(whole.substring(0, whole.indexOf(stop)), choice.get("text").stringValue());
        assertEquals("stop", choice.get("finish_reason").stringValue());
    }

    private static String quoted(String text) {
        return JsonNodeFactory.instance.stringNode(text).toString();
    }

    @Test
    void modelsHealthAndMetrics() throws Exception {
        JsonNode models = SmallServer.json(small.get("/v1/models").body());
        assertEquals("list", models.get("object").stringValue());
        assertEquals("small", models.get("data").get(0).get("id").stringValue());
        assertEquals("model", SmallServer.json(small.get("/v1/models/small").body()).get("object").stringValue());
        assertEquals("{\"status\":\"ok\"}", small.get("/health").body());
        small.complete("small", "abc", 2, "");
        HttpResponse<String> metrics = small.get("/metrics");
        assertTrue(metrics.body().contains("\nllams_slots 4\n"), metrics.body());
        for (String line : metrics.body().lines().toList()) {
            assertTrue(line.matches("# (HELP|TYPE) llams_\\w+ .+|llams_\\w+(\\{.*\\})? [0-9.e+-]+"), line);
        }
    }

    @Test
    void textIsUtf8() throws Exception {
        JsonNode answer = small.answer(COMPLETIONS,
                "{\"prompt\": \"안녕\", \"max_tokens\": 0, \"echo\": true, \"logprobs\": 0}");
        assertEquals("<|begin_of_text|>안녕", answer.get("choices").get(0).get("text").stringValue());
        assertEquals(1 + "안녕".getBytes(StandardCharsets.UTF_8).length,
                answer.get("usage").get("prompt_tokens").intValue());
    }
}

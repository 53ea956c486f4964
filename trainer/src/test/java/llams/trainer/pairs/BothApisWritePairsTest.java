package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import llams.trainer.data.JsonLine;
import llams.trainer.data.LanguagePair;
import llams.trainer.data.PairsFile;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;

class BothApisWritePairsTest extends PairsTestCase {
    @Test
    void openAi() throws IOException {
        settings = settings.withTemperature(0.5).withMaxTokens(900);
        PairCounts counts = generate(5);
        assertEquals(new PairCounts(5, 3, 0, 0, 0, 0, 30, 300), counts);
        assertEquals(pairsOf(0, 1, 2).subList(0, 5), lines());
        FakeEndpoint.Request first = server.requests.getFirst();
        assertEquals("/v1/chat/completions", first.path());
        assertEquals("Bearer " + KEY, first.headers().get("authorization"));
        assertEquals("application/json", first.headers().get("content-type"));
        JsonNode body = JsonLine.value(first.body(), "body");
        assertEquals("writer-1", body.get("model").stringValue());
        assertEquals(0.5, body.get("temperature").doubleValue());
        assertEquals(900, body.get("max_tokens").intValue());
        assertEquals("json_object", body.get("response_format").get("type").stringValue());
        assertEquals(topicsOf(0, 1, 2), asked());
    }

    @Test
    void gemini() throws IOException {
        settings = settings.withTemperature(0.5).withMaxTokens(900);
        PairRequest asked = new PairRequest(endpoint(Api.GEMINI), 4, out, topics(),
                new PairPrompt(FakeEndpoint.TEMPLATE, List.of(), 0), settings);
        assertEquals(new PairCounts(4, 2, 0, 0, 0, 0, 20, 200), new PairGeneration(asked, this).run());
        assertEquals(pairsOf(0, 1), lines());
        FakeEndpoint.Request first = server.requests.getFirst();
        assertEquals("/v1beta/models/writer-1:generateContent", first.path());
        assertEquals(KEY, first.headers().get("x-goog-api-key"));
        assertNull(first.headers().get("authorization"));
        JsonNode options = JsonLine.value(first.body(), "body").get("generationConfig");
        assertEquals(0.5, options.get("temperature").doubleValue());
        assertEquals(900, options.get("maxOutputTokens").intValue());
        assertEquals("application/json", options.get("responseMimeType").stringValue());
    }

    @Test
    void whatIsNotSetIsNotSent() throws IOException {
        settings = settings.withJsonMode(false);
        PairRequest asked = new PairRequest(endpoint(Api.OPENAI).withKey(null), 2, out, topics(),
                new PairPrompt(FakeEndpoint.TEMPLATE, List.of(), 0), settings);
        new PairGeneration(asked, this).run();
        FakeEndpoint.Request first = server.requests.getFirst();
        assertNull(first.headers().get("authorization"));
        assertEquals(List.of("model", "messages"), List.copyOf(JsonLine.parse(first.body(), "body").propertyNames()));
    }

    @Test
    void theFileIsReadAsPairs() throws IOException {
        generate(3);
        Path chats = directory.resolve("chats.jsonl");
        PairsFile.Written written = PairsFile.write(out, chats);
        assertEquals(12, written.conversations());
        assertEquals(List.of(), written.notes());
        assertEquals(12, Files.readAllLines(chats).size());
    }

    @Test
    void addressesAreGivenWithThePathOrWithoutIt() {
        Endpoint openAi = Endpoint.standard(Api.OPENAI, "m");
        assertEquals(URI.create("https://api.openai.com/v1/chat/completions"), openAi.target());
        for (String address : List.of("https://a.b", "https://a.b/", "https://a.b/v1", "https://a.b/v1/",
                "https://a.b/v1/chat/completions")) {
            assertEquals(URI.create("https://a.b/v1/chat/completions"), openAi.withAddress(address).target());
        }
        assertEquals(URI.create("https://a.b/v1beta/openai/chat/completions"),
                openAi.withAddress("https://a.b/v1beta/openai/").target());
        assertEquals(URI.create("http://[::1]:80/api/v1/chat/completions"),
                openAi.withAddress("http://[::1]:80/api").target());
        Endpoint gemini = Endpoint.standard(Api.GEMINI, "models/g-1.5");
        URI right = URI.create("https://generativelanguage.googleapis.com/v1beta/models/g-1.5:generateContent");
        assertEquals(right, gemini.target());
        assertEquals(right, gemini.withAddress("https://generativelanguage.googleapis.com/v1beta").target());
    }

    @Test
    void builtInPromptsAndTopicsAreWhole() {
        Topics topics = Topics.standard();
        assertEquals(topics.all().size(), new HashSet<>(topics.all()).size());
        for (PairPrompt prompt : List.of(PairPrompt.korean(), PairPrompt.english())) {
            String text = prompt.text("김치 {count}", 7, 0, 0);
            assertTrue(text.contains("김치 {count}") && text.contains("7"), text);
            assertFalse(text.contains("{topic}") || text.contains("{examples}"), text);
            assertEquals(prompt.examples().size(), text.lines().filter(line -> line.startsWith("{\"q_ko\"")).count());
            Selection selection = new Selection();
            for (LanguagePair example : prompt.examples()) {
                assertTrue(selection.add(example), example.toString());
            }
        }
    }

    @Test
    void eachRequestShowsOtherExamples() throws IOException {
        Path file = directory.resolve("examples.jsonl");
        StringBuilder lines = new StringBuilder();
        for (int i = 0; i < 9; i++) {
            lines.append(FakeEndpoint.pair("가", i).json()).append('\n');
        }
        Files.writeString(file, lines);
        PairPrompt prompt = PairPrompt.english()
                .withTemplate("{topic} {examples}")
                .withExamples(PairPrompt.readExamples(file));
        assertEquals(3, prompt.text("가", 1, 5, 0).lines().count());
        assertEquals(prompt.text("가", 1, 5, 0), prompt.text("가", 1, 5, 0));
        HashSet<String> texts = new HashSet<>();
        for (int i = 0; i < 20; i++) {
            texts.add(prompt.text("가", 1, 5, i));
        }
        assertTrue(texts.size() > 10, texts.size() + " different ones");
    }
}

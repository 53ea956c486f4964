package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.function.Executable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// Ids and text equal those that tiktoken gives with Llama 3's vocabulary. `-Dllams.tokenizer.cases=FILE` names another
/// file of cases; what a case tests is told by its fields.
class GoldenTokenizerTest {

    private static final JsonMapper JSON = JsonMapper.shared();

    @Test
    void publicCases() throws IOException {
        check(Golden.file("public.jsonl"), 396);
    }

    @Test
    void decodeCases() throws IOException {
        check(Golden.file("decode_public.jsonl"), 99);
    }

    @Test
    void namedCases() throws IOException {
        String named = System.getProperty("llams.tokenizer.cases");
        if (named != null) {
            check(Path.of(named), 1);
        }
    }

    @Test
    void specialTokens() throws IOException {
        JsonNode names = JSON.readTree(Files.readString(Golden.file("special_tokens.json")));
        Tokenizer tokenizer = Golden.llama3();
        assertEquals(256, names.size());
        assertEquals(128256, tokenizer.size());
        List<String> byRule = Tokenizer.llama3Specials();
        names.properties().forEach(entry -> {
            int id = entry.getValue().asInt();
            assertEquals(id, tokenizer.special(entry.getKey()).orElseThrow());
            assertEquals(entry.getKey(), byRule.get(id - 128000));
            assertEquals(entry.getKey(), tokenizer.decode(id));
            assertTrue(tokenizer.isSpecial(id));
        });
    }

    @Test
    void tokensThatMergingNeverMakes() throws IOException {
        JsonNode tokens = JSON.readTree(Files.readString(Golden.file("unreachable_tokens.json")));
        Tokenizer tokenizer = Golden.llama3();
        assertEquals(588, tokens.size());
        for (JsonNode token : tokens) {
            int id = token.get(0).asInt();
            byte[] bytes = HexFormat.of().parseHex(token.get(1).asString());
            assertArrayEquals(bytes, tokenizer.bytes(id));
            assertEquals(id, tokenizer.token(bytes).orElseThrow());
            String text = tokenizer.decodeStrict(id);
            assertArrayEquals(new int[] {id}, tokenizer.encodeOrdinary(text), text);
        }
    }

    @Test
    void tokenizerJsonGivesTheSame() throws IOException {
        Tokenizer json = Tokenizer.load(Golden.file("tokenizer.json"));
        Tokenizer tiktoken = Golden.llama3();
        assertEquals(tiktoken.specials(), json.specials());
        assertEquals(tiktoken.size(), json.size());
        assertArrayEquals(tiktoken.vocabulary.offset, json.vocabulary.offset);
        assertArrayEquals(tiktoken.vocabulary.pool, json.vocabulary.pool);
    }

    private static void check(Path file, int atLeast) throws IOException {
        Tokenizer tokenizer = Golden.llama3();
        List<String> failures = new ArrayList<>();
        int cases = 0;
        for (String line : Files.readAllLines(file)) {
            if (!line.isBlank()) {
                JsonNode node = JSON.readTree(line);
                cases++;
                try {
                    checkCase(tokenizer, node);
                } catch (RuntimeException | AssertionError e) {
                    failures.add(node.path("id").asString("?") + " (" + node.path("kind").asString("?") + "): "
                            + e.getMessage());
                }
            }
        }
        assertTrue(cases >= atLeast, file + " has only " + cases + " cases");
        assertTrue(failures.isEmpty(),
                failures.size() + " of " + cases + " cases fail: " + String.join("\n", failures));
    }

    private static void checkCase(Tokenizer tokenizer, JsonNode node) {
        if (node.has("messages")) {
            checkChat(tokenizer, node);
        } else if (node.has("text")) {
            checkEncode(tokenizer, node);
        } else {
            checkDecode(tokenizer, node);
        }
    }

    private static void checkEncode(Tokenizer tokenizer, JsonNode node) {
        String text = node.get("text").asString();
        boolean special = node.has("allowed") || node.has("disallowed");
        Set<String> allowed = set(node.get("allowed"));
        Set<String> disallowed = set(node.get("disallowed"));
        if (fails(node)) {
            var error = assertThrows(IllegalArgumentException.class, () -> tokenizer.encode(text, allowed, disallowed));
            if (node.has("error_message")) {
                assertEquals(node.get("error_message").asString(), error.getMessage());
            }
            return;
        }
        int[] ids = special ? tokenizer.encode(text, allowed, disallowed) : tokenizer.encodeOrdinary(text);
        List<int[]> parts = new ArrayList<>();
        if (node.path("bos").asBoolean(false)) {
            parts.add(new int[] {tokenizer.special("<|begin_of_text|>").orElseThrow()});
        }
        parts.add(ids);
        if (node.path("eos").asBoolean(false)) {
            parts.add(new int[] {tokenizer.special("<|end_of_text|>").orElseThrow()});
        }
        assertArrayEquals(ids(node), parts.stream().flatMapToInt(java.util.Arrays::stream).toArray());
        assertEquals(new String(Utf8.bytes(text), java.nio.charset.StandardCharsets.UTF_8),
                tokenizer.decodeStrict(ids));
    }

    private static void checkChat(Tokenizer tokenizer, JsonNode node) {
        List<Message> messages = new ArrayList<>();
        for (JsonNode message : node.get("messages")) {
            messages.add(new Message(message.get("role").asString(), message.get("content").asString()));
        }
        int[] ids = new ChatFormat(tokenizer).encode(messages, node.path("add_generation_prompt").asBoolean(false));
        assertArrayEquals(ids(node), ids);
        if (node.has("rendered")) {
            assertEquals(node.get("rendered").asString(), tokenizer.decodeStrict(ids));
        }
    }

    private static void checkDecode(Tokenizer tokenizer, JsonNode node) {
        int[] ids = ids(node);
        if (fails(node)) {
            for (Executable decode : List.<Executable>of(() -> tokenizer.decode(ids), () -> tokenizer.decodeBytes(ids),
                    () -> tokenizer.decodeStrict(ids))) {
                assertThrows(IllegalArgumentException.class, decode);
            }
            return;
        }
        assertEquals(node.get("bytes_hex").asString(), HexFormat.of().formatHex(tokenizer.decodeBytes(ids)));
        assertEquals(node.get("text_replace").asString(), tokenizer.decode(ids));
        if (node.get("strict_ok").asBoolean()) {
            assertEquals(node.get("text_replace").asString(), tokenizer.decodeStrict(ids));
        } else {
            assertThrows(IllegalArgumentException.class, () -> tokenizer.decodeStrict(ids));
        }
        List<String> expected = new ArrayList<>();
        node.get("stream").forEach(part -> expected.add(part.asString()));
        StreamingDecoder decoder = tokenizer.streamingDecoder();
        List<String> shown = new ArrayList<>();
        for (int id : ids) {
            shown.add(decoder.accept(id));
        }
        shown.add(decoder.finish());
        assertEquals(expected, shown);
    }

    /// Whether an error is wanted: `error` is true, or says which.
    private static boolean fails(JsonNode node) {
        return node.hasNonNull("error") && !(node.get("error").isBoolean() && !node.get("error").booleanValue());
    }

    private static int[] ids(JsonNode node) {
        return node.get("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    private static Set<String> set(JsonNode names) {
        if (names == null) {
            return Set.of();
        }
        if (names.isString()) {
            assertEquals("all", names.asString());
            return Tokenizer.ALL;
        }
        Set<String> set = new TreeSet<>();
        names.forEach(name -> set.add(name.asString()));
        return set;
    }
}

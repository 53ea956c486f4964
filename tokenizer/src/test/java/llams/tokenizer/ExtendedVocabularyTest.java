package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// An extended tokenizer knows all that it knew, by the same ids, and is what Hugging Face's library reads in its
/// `tokenizer.json`.
class ExtendedVocabularyTest {
    private static final String GOLDEN = "extended/";
    private static final String BASE_TEXT = "the cat sat on the mat and the dog sat on the log; 고양이가 앉는다. "
            + "then the cat and the dog went home, and that was the end of the matter. ";
    private static final String KOREAN = "고양이가 매트 위에 앉아 있습니다. 강아지가 통나무 위에 앉아 있습니다. "
            + "고양이와 강아지가 집에 갔습니다. 서울은 대한민국의 수도입니다. 부산은 대한민국의 항구 도시입니다. ";
    private static final List<String> TEXTS = List.of(KOREAN, BASE_TEXT, Vocabularies.SAMPLE, "", "있습니다있습니다",
            "<|begin_of_text|>고양이가<|eot_id|>", "  위에\n\n대한민국 12345 the항구the", "\u1100\u1161 갔갔갔 ÿ");

    @TempDir
    private Path directory;

    private static final List<String> SPECIALS = Tokenizer.llama3Specials().subList(0, 10);

    private static Tokenizer base() {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        trainer.add(BASE_TEXT.repeat(3));
        return trainer.train(300, SPECIALS);
    }

    private static Tokenizer extended(Tokenizer base, int more) {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        trainer.add(KOREAN.repeat(3));
        return trainer.extend(base, more, made -> {});
    }

    @Test
    void allIdsStay() {
        Tokenizer base = base();
        Tokenizer extended = extended(base, 50);
        assertEquals(base.size() + 50, extended.size());
        assertEquals(base.specials(), extended.specials());
        for (int id = 0; id < base.size(); id++) {
            assertArrayEquals(base.bytes(id), extended.bytes(id));
            assertEquals(base.isSpecial(id), extended.isSpecial(id));
        }
        for (int id = base.size(); id < extended.size(); id++) {
            assertTrue(extended.bytes(id).length > 1 && !extended.isSpecial(id));
            assertEquals(id, extended.token(extended.bytes(id)).orElseThrow());
        }
        for (String text : TEXTS) {
            int[] before = base.encode(text, Tokenizer.ALL, Set.of());
            assertEquals(base.decode(before), extended.decode(before));
        }
        assertTrue(extended.encodeOrdinary(KOREAN).length < base.encodeOrdinary(KOREAN).length / 2);
        assertArrayEquals(base.encodeOrdinary("that was the end"), extended.encodeOrdinary("that was the end"));
    }

    /// Ids from the plainest right encoder, whose ranks are the old tokens and then the new.
    @Test
    void encodingEqualsPlainReference() {
        Random random = new Random(5);
        for (int i = 0; i < 20; i++) {
            Tokenizer base = Tokenizer.of(Vocabularies.random(random, 200), List.of("<|a|>", "<|b|>"));
            BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
            trainer.add(Vocabularies.SAMPLE.repeat(2) + KOREAN);
            Tokenizer extended = trainer.extend(base, 1 + random.nextInt(60), made -> {});
            List<byte[]> ranked = extended.vocabulary.tokens();
            for (int j = 0; j < 20; j++) {
                String text = Vocabularies.text(random, 80);
                int[] wanted = Vocabularies.encode(ranked, Vocabularies.regex(SplitPattern.LLAMA3), text)
                        .stream()
                        .mapToInt(rank -> rank < base.size() - 2 ? rank : rank + 2)
                        .toArray();
                assertArrayEquals(wanted, extended.encodeOrdinary(text), text);
            }
        }
    }

    /// Each new token is the union of two older ones, and merging single bytes leads to it.
    @Test
    void trainingGoesOnFromTheTokensThatThereAre() {
        Tokenizer base = base();
        Tokenizer extended = extended(base, 60);
        for (int id = base.size(); id < extended.size(); id++) {
            assertEquals(1, extended.encodePiece(extended.bytes(id)).length);
            assertTrue(Merges.isReachable(extended.vocabulary, id - SPECIALS.size()));
            assertTrue(base.encodePiece(extended.bytes(id)).length > 1);
        }
        Tokenizer twice = extended(extended, 5);
        assertEquals(extended.size() + 5, twice.size());
        assertArrayEquals(extended.bytes(extended.size() - 1), twice.bytes(extended.size() - 1));
    }

    @Test
    void tokensOfAnotherVocabularyAreTakenOverOnce() {
        Tokenizer base = base();
        Tokenizer other = extended(base(), 40);
        Tokenizer taken = base.withTokensOf(other, 25);
        assertEquals(base.size() + 25, taken.size());
        for (int id = base.size(); id < taken.size(); id++) {
            assertArrayEquals(other.bytes(id), taken.bytes(id));
        }
        assertEquals(base.size(), base.withTokensOf(base, Integer.MAX_VALUE).size());
        // "abc" would have to be made of "a" and "bc", which do not come together.
        List<byte[]> tokens = new ArrayList<>(BpeTrainer.bytes());
        tokens.add(Utf8.bytes("ab"));
        List<byte[]> more = new ArrayList<>(tokens);
        more.addAll(List.of(Utf8.bytes("bcd"), Utf8.bytes("xy")));
        Tokenizer some = Tokenizer.of(tokens, List.of()).withTokensOf(Tokenizer.of(more, List.of()), 9);
        assertEquals(258, some.size());
        assertArrayEquals(Utf8.bytes("xy"), some.bytes(257));
    }

    /// Both forms of merges, strings and pairs; every way to make a token, and the history of a training.
    @Test
    void theWrittenFileIsReadBackAndAllElseInItStays() throws IOException {
        Tokenizer base = base();
        Tokenizer extended = extended(base, 50);
        Path all = directory.resolve("all.json");
        base.writeJson(all);
        JsonMapper mapper = JsonMapper.shared();
        for (boolean pairs : new boolean[] {false, true}) {
            for (boolean history : new boolean[] {false, true}) {
                ObjectNode json = (ObjectNode) mapper.readTree(Files.readAllBytes(all));
                ArrayNode merges = ((ObjectNode) json.get("model")).putArray("merges");
                long[] listed = history ? Merges.natural(base.vocabulary) : Merges.all(base.vocabulary);
                for (long merge : listed) {
                    String left = text(base, (int) (merge >>> 32));
                    String right = text(base, (int) merge);
                    if (pairs) {
                        merges.addArray().add(left).add(right);
                    } else {
                        merges.add(left + " " + right);
                    }
                }
                json.putObject("padding").put("strategy", "BatchLongest");
                Path file = directory.resolve("base-" + pairs + history + ".json");
                Files.write(file, mapper.writeValueAsBytes(json));
                Path written = directory.resolve("extended-" + pairs + history + ".json");
                extended.writeJson(written, file);
                Tokenizer read = Tokenizer.load(written);
                assertEquals(extended.size(), read.size());
                assertEquals(extended.specials(), read.specials());
                for (String text : TEXTS) {
                    assertArrayEquals(extended.encode(text, Tokenizer.ALL, Set.of()),
                            read.encode(text, Tokenizer.ALL, Set.of()));
                }
                JsonNode now = mapper.readTree(Files.readAllBytes(written));
                assertEquals(json.get("padding"), now.get("padding"));
                assertEquals(json.get("added_tokens"), now.get("added_tokens"));
                assertEquals(pairs, now.get("model").get("merges").get(0).isArray());
                assertTrue(now.get("model").get("merges").size() > listed.length);
            }
        }
    }

    /// Other programs write the tokens in the order of their ids, or in any.
    @Test
    void theOrderOfTheTokensInTheFileDoesNotMatter() throws IOException {
        Tokenizer extended = extended(base(), 50);
        Path file = directory.resolve("extended.json");
        extended.writeJson(file);
        JsonMapper mapper = JsonMapper.shared();
        ObjectNode json = (ObjectNode) mapper.readTree(Files.readAllBytes(file));
        ObjectNode model = (ObjectNode) json.get("model");
        List<Map.Entry<String, JsonNode>> tokens = new ArrayList<>(model.get("vocab").properties());
        for (int i = 0; i < 3; i++) {
            if (i == 0) {
                tokens.sort(Comparator.comparingInt(token -> token.getValue().asInt()));
            } else {
                Collections.shuffle(tokens, new Random(i));
            }
            ObjectNode vocab = model.putObject("vocab");
            tokens.forEach(token -> vocab.set(token.getKey(), token.getValue()));
            Path other = directory.resolve("other" + i + ".json");
            Files.write(other, mapper.writeValueAsBytes(json));
            Tokenizer read = Tokenizer.load(other);
            assertEquals(extended.specials(), read.specials());
            for (String text : TEXTS) {
                assertArrayEquals(extended.encode(text, Tokenizer.ALL, Set.of()),
                        read.encode(text, Tokenizer.ALL, Set.of()));
            }
        }
    }

    private static String text(Tokenizer tokenizer, int rank) {
        byte[] bytes = tokenizer.vocabulary.bytes(rank);
        return ByteLevel.encode(bytes, 0, bytes.length);
    }

    @Test
    void aFileOfAnotherTokenizerIsRefused() throws IOException {
        Path other = directory.resolve("other.json");
        Tokenizer.of(new ArrayList<>(BpeTrainer.bytes().reversed()), List.of("<|a|>")).writeJson(other);
        IOException refused = assertThrows(IOException.class,
                () -> extended(base(), 5).writeJson(directory.resolve("new.json"), other));
        assertTrue(refused.getMessage().contains("not the tokenizer that was extended"), refused.getMessage());
        BpeTrainer trainer = new BpeTrainer(SplitPattern.GPT2);
        trainer.add(KOREAN);
        assertThrows(IllegalArgumentException.class, () -> trainer.extend(base(), 5, made -> {}));
    }

    /// `tokenizer.json` is as it was when Hugging Face's library made the ids.
    @Test
    void equalsHuggingFacesTokenizers() throws IOException {
        Tokenizer base = base();
        Tokenizer extended = extended(base, 60);
        Path baseFile = directory.resolve("base.json");
        base.writeJson(baseFile);
        Path file = directory.resolve("tokenizer.json");
        extended.writeJson(file, baseFile);
        assertArrayEquals(resource("tokenizer.json"), Files.readAllBytes(file));
        for (JsonNode line : JsonMapper.shared().readTree(resource("ids.json"))) {
            int[] wanted = JsonMapper.shared().treeToValue(line.get("ids"), int[].class);
            String text = line.get("text").asString();
            assertArrayEquals(wanted, extended.encode(text, Tokenizer.ALL, Set.of()), text);
        }
    }

    private static byte[] resource(String name) throws IOException {
        try (InputStream in = ExtendedVocabularyTest.class.getResourceAsStream(GOLDEN + name)) {
            return in.readAllBytes();
        }
    }

    /// The real vocabulary, where it is at hand.
    @Test
    void llama3sIdsStay() throws IOException {
        Tokenizer base = Golden.llama3();
        BpeTrainer trainer = new BpeTrainer(base.pattern());
        trainer.add(KOREAN.repeat(3));
        Tokenizer extended = trainer.extend(base, 40, made -> {});
        assertEquals(128_000, extended.special("<|begin_of_text|>").orElseThrow());
        assertEquals(128_009, extended.special("<|eot_id|>").orElseThrow());
        for (int id = 0; id < base.size(); id++) {
            assertArrayEquals(base.bytes(id), extended.bytes(id));
        }
        Path file = directory.resolve("llama3.json");
        extended.writeJson(file, Golden.file("tokenizer.json"));
        Tokenizer read = Tokenizer.load(file);
        int[] ids = read.encodeOrdinary(KOREAN);
        assertArrayEquals(extended.encodeOrdinary(KOREAN), ids);
        assertTrue(Arrays.stream(ids).anyMatch(id -> id >= 128_256));
        assertEquals(KOREAN, read.decode(ids));
    }
}

package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.json.JsonMapper;

/// Files come back as they went, special tokens are found where they stand, and what cannot be honoured is refused with
/// the place.
class TokenizerFilesTest {

    private static final List<String> FEW = List.of("<|begin_of_text|>", "<|eot_id|>", "quote\" and \\ 한");

    @TempDir
    private Path directory;

    private final List<byte[]> tokens = Vocabularies.random(new Random(31), 150);
    private final Tokenizer tokenizer = Tokenizer.of(tokens, FEW);

    private static void assertSame(Tokenizer expected, Tokenizer found) {
        assertEquals(expected.size(), found.size());
        assertEquals(expected.specials(), found.specials());
        for (int id = 0; id < expected.size(); id++) {
            assertArrayEquals(expected.bytes(id), found.bytes(id));
        }
        assertArrayEquals(expected.encodeOrdinary(Vocabularies.SAMPLE), found.encodeOrdinary(Vocabularies.SAMPLE));
    }

    @Test
    void jsonRoundTrip() throws IOException {
        for (SplitPattern pattern : List.of(SplitPattern.LLAMA3, SplitPattern.GPT2, SplitPattern.O200K)) {
            Tokenizer written = Tokenizer.of(tokens, FEW, pattern);
            written.writeJson(directory.resolve("tokenizer.json"));
            Tokenizer read = Tokenizer.load(directory);
            assertEquals(pattern, read.pattern());
            assertSame(written, read);
            read.writeJson(directory.resolve("again.json"));
            assertArrayEquals(Files.readAllBytes(directory.resolve("tokenizer.json")),
                    Files.readAllBytes(directory.resolve("again.json")));
        }
    }

    @Test
    void tiktokenRoundTrip() throws IOException {
        Path file = directory.resolve("tokenizer.model");
        tokenizer.writeTiktoken(file);
        assertSame(Tokenizer.of(tokens, Tokenizer.llama3Specials()), Tokenizer.load(file));
        Tokenizer.load(file).writeTiktoken(directory.resolve("again"));
        assertArrayEquals(Files.readAllBytes(file), Files.readAllBytes(directory.resolve("again")));
        try (var left = Files.list(directory)) {
            assertEquals(2, left.count());
        }
    }

    @Test
    void aLinkInAFilesPlaceIsReplaced() throws IOException {
        Path victim = Files.writeString(directory.resolve("victim"), "precious");
        Path link = Files.createSymbolicLink(directory.resolve("tokenizer.json"), victim);
        tokenizer.writeJson(link);
        assertFalse(Files.isSymbolicLink(link));
        assertEquals("precious", Files.readString(victim));
    }

    @Test
    void linesInAnyOrderAndWithCarriageReturns() throws IOException {
        List<String> lines = new ArrayList<>(lines());
        Collections.shuffle(lines, new Random(1));
        Files.writeString(directory.resolve("tokenizer.model"), String.join("\r\n", lines));
        assertSame(Tokenizer.of(tokens, Tokenizer.llama3Specials()), Tokenizer.load(directory));
    }

    @Test
    void specialTokensComeFromTheFilesBesideTheVocabulary() throws IOException {
        Path original = Files.createDirectories(directory.resolve("original")).resolve("tokenizer.model");
        tokenizer.writeTiktoken(original);
        assertEquals(256, Tokenizer.load(directory).specials().size());
        String config = """
                {"bos_token": "<s>", "added_tokens_decoder": {"%d": {"content": "</s>", "special": true}, "%d": {"content": "<s>"}}}
                """
                .formatted(tokens.size() + 1, tokens.size());
        Files.writeString(directory.resolve("tokenizer_config.json"), config);
        assertEquals(List.of("<s>", "</s>"), List.copyOf(Tokenizer.load(directory).specials().keySet()));
        tokenizer.writeJson(directory.resolve("tokenizer.json"));
        assertSame(tokenizer, Tokenizer.load(directory));
        assertSame(tokenizer, Tokenizer.load(original));
    }

    @Test
    void theJsonFileWinsOverAStaleVocabularyBesideIt() throws IOException {
        Tokenizer.of(tokens.subList(0, tokens.size()), List.of()).writeTiktoken(directory.resolve("tokenizer.model"));
        List<byte[]> more = new ArrayList<>(tokens);
        more.add(Utf8.bytes("added later"));
        Tokenizer extended = Tokenizer.of(more, FEW);
        extended.writeJson(directory.resolve("tokenizer.json"));
        assertSame(extended, Tokenizer.load(directory));
    }

    @Test
    void theQuickReadingEqualsTheJsonLibrarys() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Tokenizer.of(tokens, Tokenizer.llama3Specials()).writeJson(file);
        String compact = Files.readString(file);
        String spaced = JsonMapper.shared().readTree(compact).toPrettyString().replace("\n", "\r\n\t");
        String pairs = compact.replaceAll("(?<=[,\\[])(\"[^ \"]+) ([^ \"]+\")(?=[,\\]])", "[$1\",\"$2]");
        assertTrue(pairs.contains("\",\""));
        for (String json : List.of(compact, spaced, pairs)) {
            Files.writeString(file, json);
            assertEquals(TokenizerJson.addedTokens(file), UsualTokenizerJson.addedTokens(file));
            assertSame(TokenizerJson.read(file), UsualTokenizerJson.read(file));
        }
        for (String[] change : new String[][] {{"\"lstrip\":false", "\"lstrip\":true"}, {"eot_id", "eot\\u005Fid"},
                {"\"id\":407", "\"id\":405"}, {"\"id\":407", "\"id\":0407"}, {"\"id\":407", "\"id\":4 07"},
                {"eot_id", "e한"}, {"\"special\":true", "\"special\":1"}, {"\"single_word\":false,", ""},
                {"\"added_tokens\"", "\"added\""}, {"<|end_of_text|>", "<|begin_of_text|>"},
                {"\"id\":407", "\"id\":-1"}, {"<|eot_id|>", "a"}, {"\"merges\":[", "\"merges\":[\"a b\","},
                {"\"normalizer\":null", ""}, {"\"decoder\":", "\"decoder\":null,\"decoder\":"},
                {"\"vocab\":{", "\"vocab\":{},\"vocab\":{"}, {"\"merges\":[", "\"merges\":[],\"merges\":["},
                {"\"model\":{", "\"model\":{},\"model\":{"}, {"\":3,", "\":2,"},
                {"\"ignore_merges\":true", "\"ignore_merges\":false"}}) {
            assertTrue(compact.contains(change[0]), change[0]);
            neverOtherwise(compact.replace(change[0], change[1]).getBytes(StandardCharsets.UTF_8));
        }
    }

    @Test
    void damageIsReadAsTheJsonLibraryReadsIt() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        tokenizer.writeJson(file);
        byte[] good = Files.readAllBytes(file);
        Random random = new Random(32);
        byte[] letters = "{}[]\",:\\ 019abĠ\n\0\u00FF".getBytes(StandardCharsets.UTF_8);
        for (int i = 0; i < 600; i++) {
            byte[] bad = good.clone();
            int at = random.nextInt(bad.length - 40);
            switch (random.nextInt(3)) {
                case 0 -> bad[at] = letters[random.nextInt(letters.length)];
                case 1 -> bad = Arrays.copyOf(bad, at);
                default -> System.arraycopy(good, random.nextInt(bad.length - 40), bad, at, random.nextInt(40));
            }
            neverOtherwise(bad);
        }
    }

    /// What is read quickly is right, and what is wrong is not read quickly.
    private void neverOtherwise(byte[] json) throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.write(file, json);
        Tokenizer quick = UsualTokenizerJson.read(file);
        if (quick != null) {
            Tokenizer slow = TokenizerJson.read(file);
            assertSame(slow, quick);
            assertEquals(slow.added.tokens, quick.added.tokens);
            assertEquals(slow.pattern(), quick.pattern());
        }
        List<AddedToken> added = UsualTokenizerJson.addedTokens(file);
        if (added != null) {
            assertEquals(TokenizerJson.addedTokens(file), added);
        }
    }

    private List<String> lines() throws IOException {
        Path file = directory.resolve("lines");
        tokenizer.writeTiktoken(file);
        List<String> lines = Files.readAllLines(file);
        Files.delete(file);
        return lines;
    }

    @Test
    void damagedTiktokenFilesNameTheLine() throws IOException {
        List<String> good = lines();
        refused(replaced(good, 6, "YW?x 6"), "tokenizer.model:7: '?' is not a base64 digit");
        refused(replaced(good, 6, "YWJ 6"), "tokenizer.model:7: the base64 text is cut short");
        refused(replaced(good, 6, " 6"), "tokenizer.model:7: the token is missing");
        refused(replaced(good, 6, ""), "tokenizer.model:7: the token is missing");
        refused(replaced(good, 6, "YWJj"), "tokenizer.model:7: after the token");
        refused(replaced(good, 6, "YWJj x"), "tokenizer.model:7: the rank must be a number");
        refused(replaced(good, 6, "YWJj 99999999999"), "tokenizer.model:7");
        refused(replaced(good, 6, "YWJj 6 7"), "tokenizer.model:7: after the rank");
        refused(replaced(good, 6, "YWJj 5"), "tokenizer.model:7: rank 5 was already given in line 6");
        refused(replaced(good, 6, "YWJj 1000"), "tokenizer.model:7: rank 1000 in a file of 406 lines");
        refused(replaced(good, 6, good.get(5).split(" ")[0] + " 6"), "token 6 has the same bytes as token 5");
        refused(good.subList(0, 300), "has no token of its own");
        refused(List.of("version https://git-lfs.github.com/spec/v1", "oid sha256:1"), "Git LFS pointer");
        refused(List.of("<!doctype html>"), "web page");
        refused(List.of(), "empty");
        refused(List.of("", "\u0001"), "SentencePiece");
    }

    private static List<String> replaced(List<String> lines, int at, String line) {
        List<String> copy = new ArrayList<>(lines);
        copy.set(at, line);
        return copy;
    }

    private void refused(List<String> lines, String message) throws IOException {
        Path file = directory.resolve("tokenizer.model");
        Files.writeString(file, String.join("\n", lines));
        var error = assertThrows(IOException.class, () -> Tokenizer.load(file));
        assertTrue(error.getMessage().contains(message), error.getMessage());
        assertTrue(error.getMessage().startsWith(file.toString()), error.getMessage());
    }

    @Test
    void missingFilesAreNamed() {
        var none = assertThrows(IOException.class, () -> Tokenizer.load(directory));
        for (String name : List.of(directory.toString(), "tokenizer.model", "original/tokenizer.model",
                "tokenizer.json")) {
            assertTrue(none.getMessage().contains(name), none.getMessage());
        }
        var absent = assertThrows(IOException.class, () -> Tokenizer.load(directory.resolve("absent")));
        assertTrue(absent.getMessage().contains("no such file"), absent.getMessage());
    }

    @Test
    void otherKindsOfJsonAreRefusedByName() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        tokenizer.writeJson(file);
        String good = Files.readString(file);
        assertSame(tokenizer, Tokenizer.load(file));
        jsonRefused(good, "\"type\":\"BPE\"", "\"type\":\"WordPiece\"", "model type WordPiece is not supported");
        jsonRefused(good, "\"type\":\"BPE\"", "\"type\":\"Unigram\"", "model type Unigram");
        jsonRefused(good, "\"normalizer\":null", "\"normalizer\":{\"type\":\"NFC\"}", "normalizer NFC");
        jsonRefused(good, "\\\\p{N}{1,3}", "\\\\p{N}{1,2}", "pre_tokenizer splits by (?i:");
        jsonRefused(good, "\"Isolated\"", "\"Removed\"", "Split behavior Removed");
        jsonRefused(good, "\"type\":\"Split\"", "\"type\":\"Punctuation\"", "pre_tokenizer [Punctuation, ByteLevel]");
        jsonRefused(good, "\"byte_fallback\":false", "\"byte_fallback\":true", "byte_fallback");
        jsonRefused(good, "\"unk_token\":null", "\"unk_token\":\"<unk>\"", "unk_token <unk>");
        jsonRefused(good, "\"lstrip\":false", "\"lstrip\":1", "\"lstrip\" is 1; it must be true or false");
        jsonRefused(good, "\"id\":407", "\"id\":4294967703", "has the id 4294967703; ids are 0 to");
        jsonRefused(good, "\"id\":407", "\"id\":99999999999999999999", "has the id 99999999999999999999");
        jsonRefused(good, "\"id\":407", "\"id\":1.5", "has the id 1.5");
        jsonRefused(good, "\"pattern\":{", "\"pattern\":null,\"was\":{", "pre_tokenizer splits by null");
        jsonRefused(good, "\"pretokenizers\":[", "\"pretokenizers\":null,\"was\":[",
                "pre_tokenizer.pretokenizers is null; it must be a list");
        jsonRefused(good, "\"pretokenizers\":[", "\"pretokenizers\":[],\"was\":[", "pre_tokenizer [] is not supported");
        jsonRefused(good, "\"pretokenizers\":[", "\"pretokenizers\":[null],\"was\":[null,",
                "pre_tokenizer [] is not supported");
        jsonRefused(good, "\"normalizer\":null", "\"normalizer\":[]", "normalizer is []; it must be an object");
        jsonRefused(good, "\"normalizer\":null", "\"normalizer\":" + "[".repeat(2000),
                "tokenizer.json:1: nested too deeply");
        jsonRefused(good, "\"added_tokens\":[", "\"added_tokens\":5,\"were\":[",
                "added_tokens is 5; it must be a list");
        jsonRefused(good, "\"added_tokens\":[", "\"added_tokens\":[7,", "added_tokens is 7; it must be an object");
        jsonRefused(good, "\"merges\":[\"", "\"merges\":[null,\"", "model.merges: number 0 is null");
        jsonRefused(good, "\"merges\":[\"", "\"merges\":[[\"a\"],\"", "model.merges: number 0 is [a]");
        jsonRefused(good, "\"id\":407", "\"id\":3", "must follow the 406 ordinary ones without a gap");
        jsonRefused(good, "\"id\":407", "\"id\":406", "there twice");
        jsonRefused(good, "\"id\":407", "\"id\":\"x\"", "must have a number");
        jsonRefused(good, "\"ignore_merges\":true", "\"ignore_merges\":false", "merging alone never makes");
        jsonRefused(good, "\"merges\":[\"", "\"merges\":[\"no such\",\"", "model.merges");
        jsonRefused(good, "\"version\"", "\"model\":{},\"version\"", "no valid JSON");
        jsonRefused(good, "\"type\":\"TemplateProcessing\"", "\"type\":\"TemplateProcessing", "no valid JSON");
        jsonRefused(good, good, good.substring(0, good.length() / 2), "no valid JSON");
        jsonRefused(good, good, "[]", "one JSON object");
        jsonRefused(good, good, "{}", "pre_tokenizer");
    }

    private void jsonRefused(String good, String part, String other, String message) throws IOException {
        assertTrue(good.contains(part), part);
        Path file = directory.resolve("tokenizer.json");
        Files.writeString(file, good.replace(part, other));
        var error = assertThrows(IOException.class, () -> Tokenizer.load(file));
        assertTrue(error.getMessage().contains(message), error.getMessage());
        assertFalse(error.getMessage().contains("\n"));
    }

    @Test
    void aTrainedVocabularyNeedsNoMoreThanItsOwnMerges() throws IOException {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.GPT2);
        trainer.add(Vocabularies.SAMPLE.repeat(3));
        Tokenizer trained = trainer.train(300, FEW);
        Path file = directory.resolve("tokenizer.json");
        trained.writeJson(file);
        String json = Files.readString(file);
        StringBuilder merges = new StringBuilder("\"merges\":[");
        for (long merge : Merges.natural(trained.vocabulary)) {
            merges.append(merges.charAt(merges.length() - 1) == '[' ? "" : ",")
                    .append("[\"")
                    .append(text(trained, (int) (merge >>> 32)))
                    .append("\",\"")
                    .append(text(trained, (int) merge))
                    .append("\"]");
        }
        json = json.substring(0, json.indexOf("\"merges\":["))
                .replace("\"ignore_merges\":true", "\"ignore_merges\":false") + merges + "]}}";
        Files.writeString(file, json);
        assertSame(trained, Tokenizer.load(file));
    }

    private static String text(Tokenizer tokenizer, int id) {
        byte[] bytes = tokenizer.bytes(id);
        return ByteLevel.encode(bytes, 0, bytes.length).replace("\\", "\\\\").replace("\"", "\\\"");
    }

    @Test
    void llama3JsonEqualsTheOriginal() throws IOException {
        Tokenizer llama3 = Golden.llama3();
        Path file = directory.resolve("tokenizer.json");
        llama3.writeJson(file);
        assertSame(llama3, Tokenizer.load(file));
        var mapper = JsonMapper.shared();
        var ours = mapper.readTree(Files.readString(file));
        var original = mapper.readTree(Files.readString(Golden.file("tokenizer.json")));
        for (String part : List.of("version", "added_tokens", "normalizer", "pre_tokenizer", "decoder", "model")) {
            assertTrue(original.get(part).equals(ours.get(part)), part);
        }
    }
}

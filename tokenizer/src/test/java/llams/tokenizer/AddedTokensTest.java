package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Added tokens as Hugging Face's tokenizers 0.23 reads and matches them: all expected ids and places are its own. A
/// byte's id is the byte; 256 is `ar`, 257 is ` ar`.
class AddedTokensTest {

    @TempDir
    Path directory;

    private Tokenizer load(String... added) throws IOException {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        tokens.add(Utf8.bytes("ar"));
        tokens.add(Utf8.bytes(" ar"));
        Path file = directory.resolve("tokenizer.json");
        Tokenizer.of(tokens, List.of()).writeJson(file);
        String list = "\"added_tokens\":[" + String.join(",", added) + "]";
        Files.writeString(file, Files.readString(file).replace("\"added_tokens\":[]", list));
        return Tokenizer.load(directory);
    }

    private static String token(int id, String name, boolean special, String... flags) {
        List<String> set = Arrays.asList(flags);
        return "{\"id\":%d,\"content\":\"%s\",\"single_word\":%b,\"lstrip\":%b,\"rstrip\":%b,\"normalized\":%b,\"special\":%b}"
                .formatted(id, name, set.contains("single_word"), set.contains("lstrip"), set.contains("rstrip"),
                        set.contains("normalized"), special);
    }

    @Test
    void tokensThatAreNotSpecialMatchInEveryText() throws IOException {
        Tokenizer tokenizer = load(token(258, "<s>", true), token(259, "<think>", false),
                token(260, "생각", false, "normalized"));
        String text = "<think>o<s>생각k<think";
        int[] ids = {259, 'o', '<', 's', '>', 260, 'k', '<', 't', 'h', 'i', 'n', 'k'};
        assertArrayEquals(ids, tokenizer.encodeOrdinary(text));
        assertArrayEquals(ids, tokenizer.encode(text, Set.of(), Set.of()));
        assertArrayEquals(ids, tokenizer.encodeBatch(List.of(text), 1).getFirst());
        assertArrayEquals(new int[] {259, 'o', 258, 260, 'k', '<', 't', 'h', 'i', 'n', 'k'},
                tokenizer.encode(text, Tokenizer.ALL, Set.of()));
        assertArrayEquals(new int[] {259}, tokenizer.encode("<think>", Set.of(), Tokenizer.ALL));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("<think><s>", Set.of(), Tokenizer.ALL));
        assertEquals(text, tokenizer.decode(ids));
        assertEquals(Set.of("<s>"), tokenizer.specials().keySet());
        assertFalse(tokenizer.isSpecial(259));
        assertTrue(tokenizer.isSpecial(258));
        assertEquals(OptionalInt.of(260), tokenizer.token("생각"));
        Encoding places = tokenizer.encodeWithOffsets("a생각<think>");
        assertArrayEquals(new int[] {0, 1, 3}, places.starts());
        assertArrayEquals(new int[] {1, 3, 10}, places.ends());
    }

    @Test
    void aTokenStripsTheWhiteSpaceThatItsFlagsName() throws IOException {
        Tokenizer tokenizer = load(token(258, "foo", false, "normalized", "lstrip", "rstrip"),
                token(259, "<m>", true, "lstrip"));
        String text = "o  foo bar foot";
        Encoding encoding = tokenizer.encodeWithOffsets(text);
        assertArrayEquals(new int[] {'o', 258, 'b', 256, 258, 't'}, encoding.ids());
        assertArrayEquals(new int[] {0, 1, 7, 8, 10, 14}, encoding.starts());
        assertArrayEquals(new int[] {1, 7, 8, 10, 14, 15}, encoding.ends());
        assertArrayEquals(new int[] {'a', 259, ' ', 'b'}, tokenizer.encode("a \n<m> b", Tokenizer.ALL, Set.of()));
    }

    @Test
    void aSingleWordIsNoPartOfAnother() throws IOException {
        Tokenizer tokenizer = load(token(258, "foo", false, "normalized", "single_word"));
        assertArrayEquals(new int[] {258, ' ', 'f', 'o', 'o', 't', '_', 'f', 'o', 'o', ' ', 258, '.'},
                tokenizer.encodeOrdinary("foo foot_foo foo."));
    }

    @Test
    void namesThatAreNotNormalizedComeFirst() throws IOException {
        Tokenizer tokenizer = load(token(258, "foo ba", false, "normalized"), token(259, "bar", false));
        assertArrayEquals(new int[] {'f', 'o', 'o', ' ', 259, 258, 't'}, tokenizer.encodeOrdinary("foo barfoo bat"));
    }

    @Test
    void aTokenOfTheVocabularyStaysOneThatMergesMake() throws IOException {
        Tokenizer tokenizer = load(token(256, "ar", false, "normalized"));
        assertArrayEquals(new int[] {'b', 256, ' ', 256, 's'}, tokenizer.encodeOrdinary("bar ars"));
        assertEquals(258, tokenizer.size());
        // Its id is the vocabulary's whatever the file says.
        assertArrayEquals(new int[] {' ', 256}, load(token(258, "ar", false)).encodeOrdinary(" ar"));
        assertArrayEquals(new int[] {257}, load(token(256, "ar", true)).encodeOrdinary(" ar"));
    }

    @Test
    void guardedNamesAreText() throws IOException {
        Tokenizer tokenizer = load(token(258, "<s>", true), token(259, "s><", true), token(260, "<t>", false));
        char guard = '\uFDD0';
        String content = tokenizer.guarded("<s><s><t>", guard);
        assertArrayEquals(new int[] {258, '<', 's', '>', '<', 's', '>', 260, 258},
                tokenizer.encodeGuarded("<s>" + content + "<s>", guard).ids());
        assertEquals("plain", tokenizer.guarded("plain", guard));
    }

    @Test
    void whatWasReadIsWrittenAgain() throws IOException {
        Tokenizer tokenizer = load(token(256, "ar", false, "normalized"), token(258, "<s>", true),
                token(259, "foo", false, "rstrip", "single_word"));
        Path copy = Files.createDirectories(directory.resolve("copy"));
        tokenizer.writeJson(copy.resolve("tokenizer.json"));
        for (String text : List.of("foo  bar ar<s> foot", " ar", "<s>foo ")) {
            assertArrayEquals(tokenizer.encodeOrdinary(text), Tokenizer.load(copy).encodeOrdinary(text));
            assertArrayEquals(tokenizer.encode(text, Tokenizer.ALL, Set.of()),
                    Tokenizer.load(copy).encode(text, Tokenizer.ALL, Set.of()));
        }
    }

    @Test
    void aGapThatTheLibraryWouldCloseIsRefused() {
        var gap = assertThrows(IOException.class, () -> load(token(258, "<s>", true), token(260, "<t>", true)));
        assertTrue(gap.getMessage().contains("\"<t>\" has id 260") && gap.getMessage().endsWith("its id would be 259"),
                gap.getMessage());
        var twice = assertThrows(IOException.class, () -> load(token(258, "<s>", true), token(259, "<s>", true)));
        assertTrue(twice.getMessage().contains("there twice"), twice.getMessage());
    }

    /// As Hugging Face's trainer writes it: special tokens in the vocabulary, with the first ids.
    @Test
    void specialTokensMayComeFirst() throws IOException {
        load(token(258, "<s>", true), token(259, "</s>", true));
        Path file = directory.resolve("tokenizer.json");
        String json = Files.readString(file);
        for (int id = 257; id >= 0; id--) {
            json = json.replaceFirst("\":" + id + "([,}])", "\":" + (id + 2) + "$1");
        }
        json = json.replace("\"id\":258", "\"id\":0")
                .replace("\"id\":259", "\"id\":1")
                .replace("\"vocab\":{", "\"vocab\":{\"<s>\":0,\"</s>\":1,");
        Files.writeString(file, json);
        Tokenizer tokenizer = Tokenizer.load(file);
        assertArrayEquals(new int[] {'b' + 2, 258, 259, '<' + 2, 's' + 2, '>' + 2},
                tokenizer.encodeOrdinary("bar ar<s>"));
        assertArrayEquals(new int[] {0, 258, 1}, tokenizer.encode("<s>ar</s>", Tokenizer.ALL, Set.of()));
        assertEquals("<s>ar</s>", tokenizer.decode(0, 258, 1));
        assertEquals(260, tokenizer.size());
        assertEquals(OptionalInt.of(1), tokenizer.special("</s>"));
        assertEquals(OptionalInt.of(258), tokenizer.token("ar"));
        assertTrue(tokenizer.isSpecial(0));
        assertFalse(tokenizer.isSpecial(2));
        assertArrayEquals(Utf8.bytes("ar"), tokenizer.bytes(258));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(260));
        tokenizer.writeJson(directory.resolve("again.json"));
        assertArrayEquals(new int[] {258, 259},
                Tokenizer.load(directory.resolve("again.json")).encodeOrdinary("ar ar"));
        assertEquals(tokenizer.specials(), Tokenizer.load(directory.resolve("again.json")).specials());
    }

    @Test
    void sequencesMayBeEmptyOrNested() throws IOException {
        load(token(258, "<s>", true));
        Path file = directory.resolve("tokenizer.json");
        String json = Files.readString(file)
                .replace("\"normalizer\":null",
                        "\"normalizer\":{\"type\":\"Sequence\",\"normalizers\":[{\"type\":\"Sequence\",\"normalizers\":[]}]}")
                .replace("\"pretokenizers\":[", "\"pretokenizers\":[{\"type\":\"Sequence\",\"pretokenizers\":[]},")
                .replace("\"post_processor\":",
                        "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[]},\"was\":");
        Files.writeString(file, json);
        assertArrayEquals(new int[] {'b', 256, 257}, Tokenizer.load(file).encodeOrdinary("bar ar"));
    }
}

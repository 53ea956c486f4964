package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalInt;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;

/// Special tokens, decoding, streaming, offsets, batches and long runs, with vocabularies made here.
class TokenizerBehaviourTest {

    private final List<byte[]> tokens = Vocabularies.random(new Random(5), 200);
    private final Tokenizer tokenizer = Tokenizer.of(tokens, Tokenizer.llama3Specials());
    private final int base = tokens.size();

    @Test
    void specialNamesArePlainTextUnlessAllowed() {
        String text = "a<|eot_id|>b<|begin_of_text|>";
        assertEquals(text, tokenizer.decode(tokenizer.encodeOrdinary(text)));
        for (int id : tokenizer.encodeOrdinary(text)) {
            assertFalse(tokenizer.isSpecial(id));
        }
        int[] ids = tokenizer.encode(text, Tokenizer.ALL, Set.of());
        assertEquals(List.of(base + 9, base), Arrays.stream(ids).filter(tokenizer::isSpecial).boxed().toList());
        int[] one = tokenizer.encode(text, Set.of("<|eot_id|>"), Set.of());
        assertEquals(List.of(base + 9), Arrays.stream(one).filter(tokenizer::isSpecial).boxed().toList());
        assertEquals(text, tokenizer.decode(one));
        assertArrayEquals(tokenizer.encodeOrdinary(text), tokenizer.encode(text, Set.of(), Set.of()));
    }

    @Test
    void disallowedSpecialTextIsRefused() {
        var all = assertThrows(IllegalArgumentException.class,
                () -> tokenizer.encode("x <|eot_id|>", Set.of(), Tokenizer.ALL));
        assertEquals("The text contains a special token that is not allowed: <|eot_id|>", all.getMessage());
        var rest = assertThrows(IllegalArgumentException.class,
                () -> tokenizer.encode("<|eot_id|><|end_of_text|>", Set.of("<|eot_id|>"), Tokenizer.ALL));
        assertTrue(rest.getMessage().endsWith("<|end_of_text|>"));
        assertThrows(IllegalArgumentException.class,
                () -> tokenizer.encode("<|eot_id|>", Tokenizer.ALL, Set.of("<|eot_id|>")));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.encode("any word", Set.of(), Set.of("word")));
        assertEquals(1, tokenizer.encode("<|eot_id|>", Tokenizer.ALL, Tokenizer.ALL).length);
    }

    @Test
    void theLongestSpecialNameWins() {
        Tokenizer nested = Tokenizer.of(tokens, List.of("<a", "<a>", "b"));
        assertArrayEquals(new int[] {base + 1, base, base + 2}, nested.encode("<a><ab", Tokenizer.ALL, Set.of()));
    }

    @Test
    void unknownIdsAreRefused() {
        for (int id : new int[] {-1, tokenizer.size(), Integer.MAX_VALUE, Integer.MIN_VALUE}) {
            assertThrows(IllegalArgumentException.class, () -> tokenizer.decode(0, id));
            assertThrows(IllegalArgumentException.class, () -> tokenizer.bytes(id));
            assertThrows(IllegalArgumentException.class, () -> tokenizer.isSpecial(id));
            assertThrows(IllegalArgumentException.class, () -> tokenizer.streamingDecoder().accept(id));
        }
    }

    @Test
    void singleTokens() {
        assertEquals(OptionalInt.of(base + 9), tokenizer.token("<|eot_id|>"));
        assertEquals(OptionalInt.of(base + 9), tokenizer.special("<|eot_id|>"));
        assertTrue(tokenizer.special("<|no|>").isEmpty());
        assertTrue(tokenizer.token("no token is this long").isEmpty());
        assertTrue(tokenizer.token("").isEmpty());
        for (int id = 0; id < base; id++) {
            assertEquals(id, tokenizer.token(tokens.get(id)).orElseThrow());
            assertArrayEquals(tokens.get(id), tokenizer.bytes(id));
        }
    }

    @Test
    void loneSurrogatesBecomeTheReplacementCharacter() {
        assertArrayEquals(tokenizer.encodeOrdinary("a\uFFFDb"), tokenizer.encodeOrdinary("a\uD800b"));
        assertArrayEquals(tokenizer.encodeOrdinary("\uFFFD\uFFFD"), tokenizer.encodeOrdinary("\uDC00\uD800"));
        assertEquals("\uD83D\uDE00", tokenizer.decode(tokenizer.encodeOrdinary("\uD83D\uDE00")));
        String atChunkEnd = "x".repeat(4095) + "\uD83D\uDE00" + "x".repeat(4094) + "\uD83D";
        assertEquals(atChunkEnd.substring(0, atChunkEnd.length() - 1) + "\uFFFD",
                tokenizer.decode(tokenizer.encodeOrdinary(atChunkEnd)));
    }

    @Test
    void malformedBytesDecodeByMaximalSubparts() {
        assertEquals("\uFFFD\uFFFD\uFFFDa", decode(0xED, 0xA0, 0x80, 'a'));
        assertEquals("\uFFFDa", decode(0xF0, 0x9F, 0x98, 'a'));
        assertEquals("\uFFFD\uFFFD", decode(0xC0, 0x80));
        assertEquals("\uFFFD\uFFFD\uFFFD\uFFFD", decode(0xF4, 0x90, 0x80, 0x80));
        assertEquals("\uFFFD", decode(0xE1, 0x80));
        assertThrows(IllegalArgumentException.class, () -> tokenizer.decodeStrict(id(0xE1)));
    }

    private String decode(int... bytes) {
        return tokenizer.decode(Arrays.stream(bytes).map(this::id).toArray());
    }

    private int id(int b) {
        return tokenizer.token(new byte[] {(byte) b}).orElseThrow();
    }

    @Test
    void streamingShowsWholeCharactersAndEqualsDecode() {
        Random random = new Random(6);
        for (int i = 0; i < 2000; i++) {
            int[] ids = i % 2 == 0
                    ? random.ints(random.nextInt(12), 0, tokenizer.size()).toArray()
                    : "한😀é".codePoints()
                            .flatMap(c -> java.util.stream.IntStream.range(0, 1)
                                    .flatMap(x -> bytesOf(Character.toString(c))))
                            .limit(random.nextInt(1, 10))
                            .toArray();
            StreamingDecoder decoder = tokenizer.streamingDecoder();
            StringBuilder text = new StringBuilder();
            for (int id : ids) {
                String part = decoder.accept(id);
                text.append(part);
            }
            text.append(decoder.finish());
            assertEquals(tokenizer.decode(ids), text.toString());
            assertEquals("", decoder.finish());
        }
    }

    private java.util.stream.IntStream bytesOf(String text) {
        byte[] bytes = Utf8.bytes(text);
        return java.util.stream.IntStream.range(0, bytes.length).map(i -> id(bytes[i] & 0xFF));
    }

    @Test
    void offsetsCoverTheText() {
        Random random = new Random(8);
        for (int i = 0; i < 500; i++) {
            String text = Vocabularies.text(random, 40) + (i % 3 == 0 ? "<|eot_id|>한" : "");
            Encoding encoding = tokenizer.encodeWithOffsets(text, Tokenizer.ALL, Set.of());
            int last = 0;
            for (int t = 0; t < encoding.ids().length; t++) {
                int start = encoding.starts()[t];
                int end = encoding.ends()[t];
                assertTrue(start <= last && start < end, "no gap before token " + t);
                last = end;
                String covered = new String(Utf8.bytes(text.substring(start, end)),
                        java.nio.charset.StandardCharsets.UTF_8);
                String token = tokenizer.decode(encoding.ids()[t]);
                if (!token.contains("\uFFFD")) {
                    assertEquals(covered, token);
                }
            }
            assertEquals(text.length(), last);
        }
    }

    @Test
    void batchEqualsOneByOne() {
        Random random = new Random(9);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            texts.add(Vocabularies.text(random, i));
        }
        for (int threads : new int[] {1, 2, 5}) {
            List<int[]> batch = tokenizer.encodeBatch(texts, threads);
            for (int i = 0; i < texts.size(); i++) {
                assertArrayEquals(tokenizer.encodeOrdinary(texts.get(i)), batch.get(i));
            }
        }
        assertEquals(List.of(), tokenizer.encodeBatch(List.of()));
        List<String> withNull = Arrays.asList("a", null, "b");
        assertThrows(NullPointerException.class, () -> tokenizer.encodeBatch(withNull, 2));
    }

    @Test
    void longRunsAreCutOnlyOnRequest() {
        Tokenizer pairs = Tokenizer.of(with("aa"), List.of("<s>"));
        String run = "a".repeat(25_001) + " b";
        assertEquals(12_500 + 1 + 2, pairs.encodeOrdinary(run).length);
        int[] cut = pairs.cuttingLongRuns().encodeOrdinary("a".repeat(25_001) + "aa b");
        assertEquals(12_500 + 2 + 2, cut.length);
        assertEquals(12_502 + 2, pairs.encodeOrdinary("a".repeat(25_003) + " b").length);
        String twoTexts = "a ".repeat(199_999) + "!aaaa";
        assertEquals(399_999 + 2, pairs.encodeOrdinary(twoTexts).length);
        assertEquals(399_999 + 3, pairs.cuttingLongRuns().encodeOrdinary(twoTexts).length);
        assertEquals(List.of(new LongRuns.Cut(0, 50_000), new LongRuns.Cut(50_000, 50_004)),
                LongRuns.cuts("😀".repeat(25_002)));
        assertEquals(List.of(new LongRuns.Cut(0, 25_000), new LongRuns.Cut(25_000, 25_001)),
                LongRuns.cuts("\u001C".repeat(25_001)));
        assertEquals(List.of(), LongRuns.cuts(""));
    }

    private static List<byte[]> with(String token) {
        List<byte[]> tokens = new ArrayList<>(Vocabularies.random(new Random(1), 0));
        tokens.add(Utf8.bytes(token));
        return tokens;
    }

    @Test
    void vocabulariesThatCannotWorkAreRefused() {
        List<byte[]> lacking = new ArrayList<>(Vocabularies.random(new Random(1), 0));
        lacking.removeIf(token -> token[0] == 'x');
        assertTrue(assertThrows(IllegalArgumentException.class, () -> Tokenizer.of(lacking, List.of())).getMessage()
                .contains("0x78"));
        var twice = assertThrows(IllegalArgumentException.class, () -> Tokenizer.of(with("a"), List.of()));
        assertTrue(twice.getMessage().contains("same bytes"));
        assertThrows(IllegalArgumentException.class, () -> Tokenizer.of(with(""), List.of()));
        assertThrows(IllegalArgumentException.class, () -> Tokenizer.of(tokens, List.of("<s>", "<s>")));
    }

    @Test
    void chatNeedsItsSpecialTokens() {
        Tokenizer plain = Tokenizer.of(tokens, List.of("<|begin_of_text|>", "<|eot_id|>"));
        var missing = assertThrows(IllegalArgumentException.class, () -> new ChatFormat(plain));
        assertTrue(missing.getMessage().contains("<|start_header_id|>, <|end_header_id|>"));
    }

    @Test
    void chatStripsAsPythonDoesAndParsesNoSpecialText() {
        ChatFormat chat = new ChatFormat(tokenizer);
        int[] ids = chat.encode(List.of(new Message("user", "\u00A0\u202F\u001C\n hi<|eot_id|> \u0085\u2007")), true);
        assertEquals("<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nhi<|eot_id|><|eot_id|>"
                + "<|start_header_id|>assistant<|end_header_id|>\n\n", tokenizer.decode(ids));
        assertEquals(6, Arrays.stream(ids).filter(tokenizer::isSpecial).count());
        assertEquals("\u200Bx\uFEFF", ChatFormat.strip("\u200Bx\uFEFF "));
    }
}

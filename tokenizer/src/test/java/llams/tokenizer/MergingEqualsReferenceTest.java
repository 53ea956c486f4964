package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/// Fast merging gives the ids of the plainest right loop, for vocabularies that no training would make too.
class MergingEqualsReferenceTest {

    private static final Pattern LLAMA3 = Vocabularies.regex(SplitPattern.LLAMA3);

    @Test
    void randomVocabulariesAndTexts() {
        Random random = new Random(11);
        for (int v = 0; v < 40; v++) {
            List<byte[]> tokens = Vocabularies.random(random, random.nextInt(400));
            Tokenizer tokenizer = Tokenizer.of(tokens, List.of());
            for (int i = 0; i < 40; i++) {
                check(tokenizer, tokens, Vocabularies.text(random, random.nextInt(80)));
            }
            check(tokenizer, tokens, Vocabularies.SAMPLE);
        }
    }

    @Test
    void longPieces() {
        Random random = new Random(12);
        for (int v = 0; v < 8; v++) {
            List<byte[]> tokens = Vocabularies.random(random, 50 + random.nextInt(300));
            Tokenizer tokenizer = Tokenizer.of(tokens, List.of());
            for (int length : new int[] {32, 33, 200, 249, 250, 251, 252, 1000}) {
                check(tokenizer, tokens, "a".repeat(length));
                check(tokenizer, tokens, letters(random, length));
                check(tokenizer, tokens, " ".repeat(length));
            }
        }
    }

    /// Above 4,096 bytes pairs wait in lists by rank.
    @Test
    void veryLongPieces() {
        Random random = new Random(13);
        for (int v = 0; v < 4; v++) {
            List<byte[]> tokens = Vocabularies.random(random, 50 + random.nextInt(300));
            Tokenizer tokenizer = Tokenizer.of(tokens, List.of());
            check(tokenizer, tokens, letters(random, 4097 + random.nextInt(100)));
            check(tokenizer, tokens, "a".repeat(4500));
        }
    }

    @Test
    void longTextThroughManyWindows() {
        Random random = new Random(14);
        List<byte[]> tokens = Vocabularies.random(random, 300);
        Tokenizer tokenizer = Tokenizer.of(tokens, List.of());
        StringBuilder text = new StringBuilder();
        while (text.length() < 150_000) {
            text.append(Vocabularies.text(random, random.nextInt(60))).append(random.nextInt(3) == 0 ? " " : "");
        }
        check(tokenizer, tokens, text.toString());
    }

    @Test
    void oneTokenizerDoesNotRememberThePiecesOfAnother() {
        Random random = new Random(15);
        List<byte[]> first = Vocabularies.random(random, 100);
        List<byte[]> second = Vocabularies.random(random, 100);
        Tokenizer one = Tokenizer.of(first, List.of());
        Tokenizer two = Tokenizer.of(second, List.of());
        for (int i = 0; i < 200; i++) {
            String text = letters(random, 3 + random.nextInt(6));
            check(one, first, text);
            check(two, second, text);
        }
    }

    private static String letters(Random random, int length) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('a' + (random.nextInt(8) == 0 ? 1 : 0)));
        }
        return text.toString();
    }

    private static void check(Tokenizer tokenizer, List<byte[]> tokens, String text) {
        int[] expected = Vocabularies.encode(tokens, LLAMA3, text).stream().mapToInt(Integer::intValue).toArray();
        int[] ids = tokenizer.encodeOrdinary(text);
        assertArrayEquals(expected, ids);
        assertEquals(new String(Utf8.bytes(text), java.nio.charset.StandardCharsets.UTF_8), tokenizer.decodeStrict(ids));
    }
}

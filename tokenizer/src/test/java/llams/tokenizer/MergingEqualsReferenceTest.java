package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
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

    @Test
    void veryLongPieces() {
        Random random = new Random(13);
        for (int v = 0; v < 3; v++) {
            List<byte[]> tokens = Vocabularies.random(random, 50 + random.nextInt(300));
            Tokenizer tokenizer = Tokenizer.of(tokens, List.of());
            check(tokenizer, tokens, letters(random, 16_384 + random.nextInt(100)));
            check(tokenizer, tokens, letters(random, 300));
            check(tokenizer, tokens, "a".repeat(1000));
        }
    }

    /// Vocabularies of random tokens: many that merging never makes, and many whose parts have higher ranks than they.
    @Test
    void linearMergingOfRandomVocabularies() {
        Random random = new Random(16);
        for (int v = 0; v < 300; v++) {
            List<byte[]> tokens = Vocabularies.random(random, random.nextInt(400));
            checkLinear(tokens, random, 30);
        }
    }

    /// Few letters and tokens of nearly every spelling of them, so that all ties and orders come up.
    @Test
    void linearMergingOfDenseVocabularies() {
        Random random = new Random(17);
        for (int v = 0; v < 400; v++) {
            int alphabet = 1 + random.nextInt(3);
            int longest = 2 + random.nextInt(alphabet == 1 ? 30 : 7);
            checkLinear(Vocabularies.dense(random, alphabet, longest, random.nextInt(120)), random, 30);
        }
    }

    @Test
    void linearMergingOfTrainedVocabularies() {
        Random random = new Random(18);
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 4000; i++) {
            text.append(letters(random, 1 + random.nextInt(40)))
                    .append(random.nextInt(4) == 0 ? " ".repeat(random.nextInt(30)) : " ");
        }
        trainer.add(text.append(Vocabularies.SAMPLE.repeat(20)).toString());
        Tokenizer trained = trainer.train(900, List.of());
        List<byte[]> tokens = new ArrayList<>();
        for (int id = 0; id < trained.size(); id++) {
            tokens.add(trained.decodeBytes(id));
        }
        checkLinear(tokens, random, 400);
        // The same tokens in another order are no vocabulary that training makes.
        Collections.shuffle(tokens, random);
        checkLinear(tokens, random, 200);
    }

    /// Tokens longer than short merging takes, and lengths on both sides of where their table ends.
    @Test
    void linearMergingWithLongTokens() {
        Random random = new Random(19);
        for (int v = 0; v < 12; v++) {
            List<byte[]> tokens = Vocabularies.random(random, 40);
            int least = v % 2 == 0 ? 2 : 3;
            for (int length : new int[] {21, 32, 61, 62, 63, 64, 65, 100, 128, 249, 250, 251, 256, 300}) {
                byte[] token = new byte[length];
                Arrays.fill(token, (byte) 'c');
                if (length % least == 0) {
                    token[length / 2] = 'd';
                }
                tokens.add(token);
            }
            for (int length = 2; length <= 20; length++) {
                tokens.add("c".repeat(length).getBytes(StandardCharsets.UTF_8));
            }
            if (v > 3) {
                Collections.shuffle(tokens, random);
            }
            Vocabulary vocabulary = Vocabulary.of(tokens);
            Map<String, Integer> ranks = Vocabularies.ranks(tokens);
            for (int length : new int[] {250, 301, 700, 999}) {
                checkLinear(vocabulary, ranks, "c".repeat(length));
                checkLinear(vocabulary, ranks, "c".repeat(length / 2) + "d" + "c".repeat(length / 2));
            }
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

    private static void checkLinear(List<byte[]> tokens, Random random, int texts) {
        Vocabulary vocabulary = Vocabulary.of(tokens);
        Map<String, Integer> ranks = Vocabularies.ranks(tokens);
        for (int i = 0; i < texts; i++) {
            int kind = random.nextInt(4);
            int length = 1 + random.nextInt(120);
            StringBuilder text = new StringBuilder();
            while (text.length() < length) {
                switch (kind) {
                    case 0 -> text.append(letters(random, 1));
                    case 1 -> text.append((char) ('a' + random.nextInt(3)));
                    case 2 -> text.append(Vocabularies.latin1(tokens.get(random.nextInt(tokens.size()))));
                    default -> text.append("ab".repeat(random.nextInt(9))).append("a".repeat(random.nextInt(20)));
                }
            }
            checkLinear(vocabulary, ranks, text.toString());
        }
    }

    private static void checkLinear(Vocabulary vocabulary, Map<String, Integer> ranks, String latin1) {
        // Not at the start of the text, and with something behind it that must not matter.
        byte[] text = ("xy" + latin1 + "a".repeat(Vocabulary.SLACK_BYTES)).getBytes(StandardCharsets.ISO_8859_1);
        IdBuffer out = new IdBuffer();
        out.add(7);
        new LinearMerger(new HeapMerger()).merge(vocabulary.splits(), text, 2, 2 + latin1.length(), out);
        List<Integer> expected = new ArrayList<>(List.of(7));
        expected.addAll(Vocabularies.merge(ranks, latin1));
        assertEquals(expected, Arrays.stream(out.take()).boxed().toList(), latin1);
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
        assertEquals(new String(Utf8.bytes(text), StandardCharsets.UTF_8), tokenizer.decodeStrict(ids));
    }
}

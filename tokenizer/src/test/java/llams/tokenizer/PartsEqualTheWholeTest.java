package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.Reader;
import java.io.StringReader;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/// The ids of a text's parts, one after the other, are those of the text, wherever it is cut.
class PartsEqualTheWholeTest {

    /// What is hard to cut: runs of one kind, white space before everything, marks, apostrophes, halves of names.
    private static final List<String> HARD = List.of("a", "aB", "가", "ABC", "1", "22", " ", "  ", "\n", "\r\n", "\t",
            "\u00A0", "\u3000", "\u001C", "'", "'s", "'LL", "e\u0301", "\u0301", "!", "/", "/\n", "😀", "\uD800",
            "\uDC00", "😀\u200D", "ʰ", "ǅ", "ſ", "½", "<", "<s", "<s>", "s><", "word", " word ", "<m>", "m", "한 글",
            ">");

    private static final String[] NAMES = {"<s>", "s><", "<s><s>", "word", "<m>", "한 글", "a", " ", "22", "<s>1", "'s"};

    private static String text(Random random) {
        StringBuilder text = new StringBuilder();
        int length = random.nextInt(400);
        while (text.length() < length) {
            String next = random.nextInt(6) == 0
                    ? Vocabularies.text(random, 1 + random.nextInt(20))
                    : HARD.get(random.nextInt(HARD.size()));
            text.append(next.repeat(random.nextInt(8) == 0 ? random.nextInt(60) : 1));
        }
        return text.toString();
    }

    private static Tokenizer tokenizer(Random random) {
        List<byte[]> tokens = Vocabularies.random(random, 200);
        List<AddedToken> added = new ArrayList<>();
        boolean plain = random.nextBoolean();
        Set<String> names = new TreeSet<>();
        while (names.size() < random.nextInt(5)) {
            names.add(NAMES[random.nextInt(NAMES.length)]);
        }
        for (String name : names) {
            added.add(new AddedToken(name, tokens.size() + added.size(), random.nextBoolean(),
                    !plain && random.nextInt(3) == 0, !plain && random.nextInt(3) == 0,
                    !plain && random.nextInt(3) == 0, !plain && random.nextBoolean()));
        }
        SplitPattern pattern = SplitPattern.values()[random.nextInt(SplitPattern.values().length)];
        return Tokenizer.of(Vocabulary.of(tokens), added, null, pattern);
    }

    /// The ids, or the message of what was refused.
    private static Object whole(Tokenizer tokenizer, String text, Set<String> allowed, Set<String> disallowed) {
        try {
            return Arrays.toString(tokenizer.encode(text, allowed, disallowed));
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
    }

    private static Object inParts(TextParts parts, String text) throws IOException {
        StringBuilder joined = new StringBuilder();
        List<Integer> ids = new ArrayList<>();
        try {
            for (String part = parts.next(); part != null; part = parts.next()) {
                assertTrue(!part.isEmpty());
                joined.append(part);
                Arrays.stream(parts.encode(part)).forEach(ids::add);
            }
        } catch (IllegalArgumentException e) {
            return e.getMessage();
        }
        assertEquals(text, joined.toString());
        return ids.toString();
    }

    /// Gives what it likes, as a pipe does.
    private static Reader slowly(String text, Random random) {
        return new StringReader(text) {
            @Override
            public int read(char[] chars, int offset, int length) throws IOException {
                return super.read(chars, offset, Math.min(length, 1 + random.nextInt(20)));
            }
        };
    }

    @Test
    void randomTextsInPartsOfAnySize() throws IOException {
        Random random = new Random(71);
        for (int i = 0; i < 1000; i++) {
            Tokenizer tokenizer = tokenizer(random);
            Set<String> allowed = random.nextBoolean()
                    ? Tokenizer.ALL
                    : random.nextBoolean() ? Set.of() : Set.of("<s>");
            Set<String> disallowed = random.nextInt(4) > 0
                    ? Set.of()
                    : random.nextBoolean() ? Tokenizer.ALL : Set.of("22!", "한");
            for (int j = 0; j < 8; j++) {
                String text = text(random);
                TextParts parts = new TextParts(tokenizer, slowly(text, random), allowed, disallowed,
                        1 + random.nextInt(60));
                assertEquals(whole(tokenizer, text, allowed, disallowed), inParts(parts, text),
                        () -> tokenizer.pattern() + " " + tokenizer.added.tokens + " " + text);
            }
        }
    }

    @Test
    void longRunsAreCutWhereTheyWouldBe() throws IOException {
        Random random = new Random(72);
        Tokenizer tokenizer = Tokenizer.of(Vocabularies.random(random, 100), List.of("<s>")).cuttingLongRuns();
        for (String text : List.of("", "ab 😀\n".repeat(200_000), "a".repeat(70_000) + " b<s>".repeat(150_000),
                "😀".repeat(420_000) + "\u001C ".repeat(40_000))) {
            for (Set<String> disallowed : List.of(Set.<String>of(), Tokenizer.ALL)) {
                Set<String> allowed = disallowed.isEmpty() ? Tokenizer.ALL : Set.of();
                TextParts parts = new TextParts(tokenizer, new StringReader(text), allowed, disallowed);
                assertEquals(whole(tokenizer, text, allowed, disallowed), inParts(parts, text));
            }
        }
    }

    /// An endless text of one kind.
    private static Reader repeating(String period, long length) {
        return new Reader() {
            private long at;

            @Override
            public int read(char[] chars, int offset, int count) {
                int n = (int) Math.min(count, length - at);
                for (int i = 0; i < n; i++) {
                    chars[offset + i] = period.charAt((int) (at++ % period.length()));
                }
                return n == 0 ? -1 : n;
            }

            @Override
            public void close() {}
        };
    }

    @Test
    void partsStaySmall() throws IOException {
        Tokenizer tokenizer = Tokenizer.of(Vocabularies.random(new Random(73), 100), List.of("<|eot_id|>"));
        for (String period : List.of("word ", "31415926535897", "<|eot_id|>", "= ", "가나다 ", "😀 ", "a'", "!\n ?")) {
            TextParts parts = new TextParts(tokenizer, repeating(period, 4_000_000), Tokenizer.ALL, Set.of());
            long sum = 0;
            for (String part = parts.next(); part != null; part = parts.next()) {
                assertTrue(part.length() < 300_000, period + ": " + part.length());
                sum += part.length();
            }
            assertEquals(4_000_000, sum, period);
        }
    }

    @Test
    void onePieceIsOnePart() throws IOException {
        Tokenizer tokenizer = Tokenizer.of(Vocabularies.random(new Random(74), 100), List.of());
        for (String letter : List.of("a", " ", "\n", "!", "한")) {
            String text = "b. " + letter.repeat(1_000_000) + " b";
            TextParts parts = new TextParts(tokenizer, new StringReader(text), Set.of(), Set.of());
            List<int[]> ids = new ArrayList<>();
            for (String part = parts.next(); part != null; part = parts.next()) {
                ids.add(parts.encode(part));
            }
            assertArrayEquals(tokenizer.encodeOrdinary(text), ids.stream().flatMapToInt(Arrays::stream).toArray(),
                    letter);
        }
    }

    @Test
    void whatCannotBeReadIsSaid() {
        Tokenizer tokenizer = Tokenizer.of(Vocabularies.random(new Random(75), 100), List.of());
        Reader broken = new Reader() {
            @Override
            public int read(char[] chars, int offset, int count) throws IOException {
                throw new IOException("gone");
            }

            @Override
            public void close() {}
        };
        TextParts parts = new TextParts(tokenizer, broken, Set.of(), Set.of());
        assertEquals("gone", assertThrows(IOException.class, parts::next).getMessage());
    }
}

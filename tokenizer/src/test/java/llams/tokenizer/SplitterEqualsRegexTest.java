package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// The splitters, written by hand, cut text exactly where the patterns' regular expressions do.
class SplitterEqualsRegexTest {

    /// One or two of each kind of character that any pattern tells apart.
    private static final List<String> CLASSES = List.of(" ", "\n", "\r", "\t", "\u3000", "'", "s", "S", "R", "e", "l",
            "ſ", "ǅ", "ʰ", "한", "\u0301", "7", "½", "!", "/", "\uD83D\uDE00", "\uD801\uDC00");

    /// A choice of them for longer strings.
    private static final List<String> FEW = List.of(" ", "\n", "\t", "'", "s", "L", "한", "\u0301", "7", "!", "/");

    @ParameterizedTest
    @EnumSource(SplitPattern.class)
    void allShortStrings(SplitPattern pattern) {
        Pattern regex = Vocabularies.regex(pattern);
        checkAll(pattern, regex, CLASSES, 3);
        checkAll(pattern, regex, FEW, 5);
    }

    @ParameterizedTest
    @EnumSource(SplitPattern.class)
    void randomText(SplitPattern pattern) {
        Pattern regex = Vocabularies.regex(pattern);
        Random random = new Random(7);
        for (int i = 0; i < 20_000; i++) {
            StringBuilder text = new StringBuilder();
            int length = random.nextInt(40);
            for (int j = 0; j < length; j++) {
                text.append(CLASSES.get(random.nextInt(CLASSES.size())));
            }
            check(pattern, regex, text.toString());
            check(pattern, regex, Vocabularies.text(random, 30));
        }
        check(pattern, regex, Vocabularies.SAMPLE);
    }

    @ParameterizedTest
    @EnumSource(SplitPattern.class)
    void everyCodePoint(SplitPattern pattern) {
        Pattern regex = Vocabularies.regex(pattern);
        for (int point = 0; point < 0x110000; point++) {
            check(pattern, regex, "a" + Character.toString(point) + "b");
        }
    }

    @Test
    void blocksOfOneClassAreOfOneClass() {
        for (int c = 0; c < CharClass.BASIC.length; c++) {
            assertEquals(CharClass.compute(c), CharClass.BASIC[c], Integer.toHexString(c));
        }
    }

    @Test
    void piecesDoNotDependOnTheWindow() {
        Random random = new Random(3);
        for (SplitPattern pattern : SplitPattern.values()) {
            for (int i = 0; i < 300; i++) {
                byte[] text = Utf8.bytes(Vocabularies.text(random, 400));
                checkWindows(pattern.splitter, text, random);
            }
        }
    }

    /// o200k's words of capitals end otherwise if a small letter follows, however far away.
    @Test
    void aLongRunIsNotTrustedBeforeItsEnd() {
        for (SplitPattern pattern : SplitPattern.values()) {
            for (String run : List.of("A", "a", " ", "\n", "!", "가", "\u0301")) {
                checkWindows(pattern.splitter, Utf8.bytes("가" + run.repeat(60) + "a"), new Random(5));
            }
        }
    }

    /// Whatever the end of the window, an end that may be trusted is the true one.
    private static void checkWindows(Splitter splitter, byte[] text, Random random) {
        byte[] padded = java.util.Arrays.copyOf(text, text.length + Vocabulary.SLACK_BYTES);
        for (int p = 0; p < text.length;) {
            int end = splitter.next(padded, p, text.length, true);
            for (int i = 0; i < 8; i++) {
                int limit = p + 1 + random.nextInt(text.length - p);
                while (limit < text.length && (text[limit] & 0xC0) == 0x80) {
                    limit++;
                }
                int seen = splitter.next(padded, p, limit, false);
                if (limit < text.length && seen <= limit - Splitter.LOOKAHEAD_BYTES) {
                    assertEquals(end, seen);
                }
            }
            p = end;
        }
    }

    private static void checkAll(SplitPattern pattern, Pattern regex, List<String> alphabet, int length) {
        check(pattern, regex, "");
        List<String> strings = List.of("");
        for (int i = 0; i < length; i++) {
            List<String> longer = new ArrayList<>(strings.size() * alphabet.size());
            for (String string : strings) {
                for (String letter : alphabet) {
                    longer.add(string + letter);
                    check(pattern, regex, string + letter);
                }
            }
            strings = longer;
        }
    }

    private static void check(SplitPattern pattern, Pattern regex, String text) {
        byte[] bytes = Utf8.bytes(text);
        byte[] padded = java.util.Arrays.copyOf(bytes, bytes.length + Vocabulary.SLACK_BYTES);
        List<String> pieces = new ArrayList<>();
        for (int p = 0; p < bytes.length;) {
            int end = pattern.splitter.next(padded, p, bytes.length, true);
            pieces.add(new String(bytes, p, end - p, StandardCharsets.UTF_8));
            p = end;
        }
        List<String> expected = Vocabularies.split(regex, new String(bytes, StandardCharsets.UTF_8));
        if (!expected.equals(pieces)) {
            assertEquals(expected, pieces,
                    () -> pattern + " on " + text.chars().mapToObj(c -> String.format("U+%04X", c)).toList());
        }
    }
}

package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Training gives the vocabulary of the plainest right loop, however the text is read.
class BpeTrainerTest {

    @TempDir
    private Path directory;

    @Test
    void equalsPlainReference() {
        Random random = new Random(21);
        for (SplitPattern pattern : SplitPattern.values()) {
            for (int i = 0; i < 6; i++) {
                String text = corpus(random, 400);
                int size = 256 + random.nextInt(150);
                BpeTrainer trainer = new BpeTrainer(pattern);
                trainer.add(text);
                check(reference(pattern, text, size), trainer.train(size, List.of()));
            }
        }
    }

    @Test
    void runsOfOneLetterEqualPlainReference() {
        String text = "aaaaaaa aaaa aaa abab ababab baaab aabaab ".repeat(3);
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        trainer.add(text);
        check(reference(SplitPattern.LLAMA3, text, 300), trainer.train(300, List.of()));
    }

    @Test
    void aFileInManyPartsAndThreadsEqualsOneText() throws IOException {
        Random random = new Random(22);
        StringBuilder text = new StringBuilder();
        while (text.length() < 3_000_000) {
            text.append(corpus(random, 30)).append(random.nextInt(4) == 0 ? " \r\n" : "\n");
        }
        Path file = directory.resolve("text");
        Files.write(file, Utf8.bytes(text.toString()));
        BpeTrainer whole = new BpeTrainer(SplitPattern.LLAMA3);
        whole.add(text.toString());
        Tokenizer expected = whole.train(600, List.of());
        for (int threads : new int[] {1, 3}) {
            BpeTrainer parts = new BpeTrainer(SplitPattern.LLAMA3, threads);
            parts.add(file);
            assertEquals(whole.pieces(), parts.pieces());
            check(expected, parts.train(600, List.of()));
        }
    }

    /// Counting pieces of the parts equals counting pieces of the whole, for every pattern.
    @Test
    void partsAreCutWhereEveryPatternCuts() throws IOException {
        Random random = new Random(23);
        for (SplitPattern pattern : SplitPattern.values()) {
            for (int i = 0; i < 300; i++) {
                StringBuilder text = new StringBuilder();
                for (int j = 0; j < 60; j++) {
                    text.append(List.of("\n", "\r\n", " ", "a", "한", "7", "!", "/", "\u3000", "'", "\u0301")
                            .get(random.nextInt(11)));
                }
                byte[] bytes = Utf8.bytes(text.toString());
                TextChunks chunks = new TextChunks(new ByteArrayInputStream(bytes), 7);
                List<String> pieces = new ArrayList<>();
                int parts = 0;
                for (byte[] chunk = chunks.next(); chunk != null; chunk = chunks.next(), parts++) {
                    pieces.addAll(pieces(pattern, chunk));
                }
                assertEquals(pieces(pattern, bytes), pieces);
                assertTrue(parts > 0);
            }
        }
    }

    /// Without spaces and ends of lines too, and where there is no place to cut at all, memory stays bounded.
    @Test
    void aTextWithoutLinesIsReadInParts() throws IOException {
        for (String unit : List.of("한국어 ", "가나다，", "漢字", "x")) {
            byte[] bytes = Utf8.bytes(unit.repeat(3000));
            TextChunks chunks = new TextChunks(new ByteArrayInputStream(bytes), 64);
            int total = 0;
            for (byte[] chunk = chunks.next(); chunk != null; chunk = chunks.next()) {
                assertTrue(chunk.length <= 32 * 64, unit);
                assertEquals(chunk.length, Utf8.firstMalformed(chunk, 0, chunk.length), unit);
                total += chunk.length;
            }
            assertEquals(bytes.length, total);
        }
    }

    /// Forgetting does not depend on the number of threads, as parts are counted in the order of the text.
    @Test
    void forgettingDoesNotDependOnThreads() throws IOException {
        Random random = new Random(25);
        StringBuilder text = new StringBuilder();
        while (text.length() < 20_000_000) {
            text.append(' ')
                    .append(Integer.toString((int) (5e5 * random.nextDouble() * random.nextDouble()), 26)
                            .replaceAll("[0-9]", "k"));
        }
        Path file = directory.resolve("many");
        Files.write(file, Utf8.bytes(text.toString()));
        Tokenizer first = null;
        for (int threads : new int[] {1, 3}) {
            BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3, threads, 4_000_000);
            trainer.add(file);
            assertTrue(trainer.forgottenBelow() > 1);
            Tokenizer trained = trainer.train(500, List.of());
            if (first == null) {
                first = trained;
            }
            check(first, trained);
        }
    }

    private static List<String> pieces(SplitPattern pattern, byte[] text) {
        List<String> pieces = new ArrayList<>();
        for (int p = 0; p < text.length;) {
            int end = pattern.splitter.next(text, p, text.length, true);
            pieces.add(new String(text, p, end - p, StandardCharsets.UTF_8));
            p = end;
        }
        return pieces;
    }

    @Test
    void memoryIsBoundedByForgettingRarePieces() {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3, 1, 6000);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            text.append(" common word")
                    .append(" x")
                    .append(Integer.toString(i, 26).replaceAll("[0-9]", "q"))
                    .append('y');
        }
        trainer.add(text.toString());
        assertTrue(trainer.pieces() <= 60);
        assertTrue(trainer.forgottenBelow() > 1);
        assertTrue(trainer.train(300, List.of()).token(" common").isPresent());
    }

    @Test
    void trainingStopsWhenNoPairOccursTwice() {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        trainer.add("abcabd");
        Tokenizer tokenizer = trainer.train(1000, List.of("<s>"));
        assertEquals(256 + 1 + 1, tokenizer.size());
        assertEquals(257, tokenizer.special("<s>").orElseThrow());
        assertThrows(IllegalArgumentException.class, () -> trainer.train(255, List.of()));
    }

    @Test
    void allTokensCanBeReachedByMerging() {
        BpeTrainer trainer = new BpeTrainer(SplitPattern.LLAMA3);
        trainer.add(corpus(new Random(24), 20_000));
        Tokenizer tokenizer = trainer.train(340, List.of());
        assertEquals(tokenizer.size() - 256, Merges.natural(tokenizer.vocabulary).length);
    }

    private static void check(Tokenizer expected, Tokenizer found) {
        assertEquals(expected.size(), found.size());
        for (int id = 0; id < expected.size(); id++) {
            assertArrayEquals(expected.bytes(id), found.bytes(id), "token " + id);
        }
    }

    private static String corpus(Random random, int words) {
        String[] some = {" the", " 한국어", " 한국", "토큰", " merging", " merges", " aaaa", "\n", "...", " 2024", "😀", " ",
                "é", " the", "abab"};
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < words; i++) {
            text.append(some[(int) (some.length * random.nextDouble() * random.nextDouble())]);
        }
        return text.toString();
    }

    /// Counts all pairs anew for every token.
    private static Tokenizer reference(SplitPattern pattern, String text, int size) {
        Pattern regex = Vocabularies.regex(pattern);
        List<byte[]> tokens = new ArrayList<>();
        Map<String, Integer> ids = new HashMap<>();
        for (int pass = 0; pass < 2; pass++) {
            for (int b = 0; b < 256; b++) {
                boolean printable = b > 32 && b < 127 || b > 160 && b != 173;
                if (printable == (pass == 0)) {
                    ids.put(String.valueOf((char) b), tokens.size());
                    tokens.add(new byte[] {(byte) b});
                }
            }
        }
        List<List<Integer>> pieces = new ArrayList<>();
        for (String piece : Vocabularies.split(regex, text)) {
            List<Integer> piecesIds = new ArrayList<>();
            Vocabularies.latin1(Utf8.bytes(piece))
                    .chars()
                    .forEach(b -> piecesIds.add(ids.get(String.valueOf((char) b))));
            pieces.add(piecesIds);
        }
        while (tokens.size() < size) {
            Map<Long, Integer> counts = new TreeMap<>();
            for (List<Integer> piece : pieces) {
                for (int i = 0; i + 1 < piece.size(); i++) {
                    counts.merge((long) piece.get(i) << 32 | piece.get(i + 1), 1, Integer::sum);
                }
            }
            long best = -1;
            int most = 1;
            for (Map.Entry<Long, Integer> entry : counts.entrySet()) {
                if (entry.getValue() > most) {
                    most = entry.getValue();
                    best = entry.getKey();
                }
            }
            if (best < 0) {
                break;
            }
            int left = (int) (best >>> 32);
            int right = (int) best;
            for (List<Integer> piece : pieces) {
                for (int i = 0; i + 1 < piece.size(); i++) {
                    if (piece.get(i) == left && piece.get(i + 1) == right) {
                        piece.set(i, tokens.size());
                        piece.remove(i + 1);
                    }
                }
            }
            tokens.add(BpeTrainer.join(tokens.get(left), tokens.get(right)));
        }
        return Tokenizer.of(tokens, List.of(), pattern);
    }
}

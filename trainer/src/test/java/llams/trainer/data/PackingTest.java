package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SplittableRandom;
import llams.model.files.DataException;
import org.junit.jupiter.api.Test;

class PackingTest {
    private static final int X = Document.IGNORED;

    private static void assertSequence(PackedSequence actual, int[] ids, int[] position, int[] start, int[] label) {
        assertArrayEquals(ids, actual.ids());
        assertArrayEquals(position, actual.position());
        assertArrayEquals(start, actual.documentStart());
        assertArrayEquals(label, actual.label());
    }

    @Test
    void positionsRestartAndTheLastTokenOfADocumentPredictsNothing() {
        PackedDataset data = new PackedDataset(List.of(Fixtures.text(10, 3), Fixtures.text(20, 2)), 8, true);
        assertEquals(1, data.size());
        assertSequence(data.sequence(0), new int[] {10, 11, 12, 20, 21}, new int[] {0, 1, 2, 0, 1},
                new int[] {0, 0, 0, 3, 3}, new int[] {11, 12, X, 21, X});
    }

    @Test
    void aTextGoesOnInTheNextSequenceAndPredictsAcrossTheCut() {
        PackedDataset data = new PackedDataset(List.of(Fixtures.text(10, 3), Fixtures.text(20, 6)), 4, true);
        assertEquals(3, data.size());
        assertSequence(data.sequence(0), new int[] {10, 11, 12, 20}, new int[] {0, 1, 2, 0}, new int[] {0, 0, 0, 3},
                new int[] {11, 12, X, 21});
        assertSequence(data.sequence(1), new int[] {21, 22, 23, 24}, new int[] {0, 1, 2, 3}, new int[] {0, 0, 0, 0},
                new int[] {22, 23, 24, 25});
        assertSequence(data.sequence(2), new int[] {25}, new int[] {0}, new int[] {0}, new int[] {X});
        assertEquals(1, data.statistics().cut());
    }

    @Test
    void aConversationThatDoesNotFitStartsANewSequence() {
        PackedDataset data = new PackedDataset(List.of(Fixtures.text(10, 3), Fixtures.chat(20, 4, 2)), 5, true);
        assertEquals(2, data.size());
        assertArrayEquals(new int[] {10, 11, 12}, data.sequence(0).ids());
        assertSequence(data.sequence(1), new int[] {20, 21, 22, 23}, new int[] {0, 1, 2, 3}, new int[] {0, 0, 0, 0},
                new int[] {X, 22, 23, X});
    }

    @Test
    void aConversationLongerThanASequenceIsTruncatedAndReported() {
        PackedDataset data = new PackedDataset(List.of(Fixtures.chat(20, 9, 6)), 5, true);
        assertSequence(data.sequence(0), new int[] {20, 21, 22, 23, 24}, new int[] {0, 1, 2, 3, 4},
                new int[] {0, 0, 0, 0, 0}, new int[] {X, X, 23, 24, X});
        assertEquals(1, data.statistics().truncated());
        assertEquals(4, data.statistics().truncatedTokens());
        assertEquals(2, data.statistics().countedTokens());
    }

    @Test
    void documentsOfWhichNothingCountsAreDroppedAndReported() {
        PackedDataset data = new PackedDataset(
                List.of(Fixtures.chat(20, 4, 0), Fixtures.chat(30, 9, 2), Fixtures.text(10, 2)), 5, true);
        assertEquals(1, data.size());
        assertArrayEquals(new int[] {10, 11}, data.sequence(0).ids());
        assertEquals(2, data.statistics().dropped());
        assertEquals(13, data.statistics().droppedTokens());
    }

    @Test
    void nothingToLearnFromIsRefused() {
        DataException e = assertThrows(DataException.class,
                () -> new PackedDataset(List.of(Fixtures.chat(20, 4, 0)), 5, true));
        assertTrue(e.getMessage().contains("0 of 4 tokens in 1 documents"), e.getMessage());
        // The one label is that of the first token, which nothing predicts.
        assertThrows(DataException.class, () -> new PackedDataset(List.of(Fixtures.text(10, 1)), 5, true));
    }

    @Test
    void withoutPackingEveryDocumentIsASequence() {
        PackedDataset data = new PackedDataset(
                List.of(Fixtures.text(10, 3), Fixtures.text(20, 9), Fixtures.chat(40, 2, 1)), 4, false);
        assertEquals(3, data.size());
        assertArrayEquals(new int[] {10, 11, 12}, data.sequence(0).ids());
        assertSequence(data.sequence(1), new int[] {20, 21, 22, 23}, new int[] {0, 1, 2, 3}, new int[] {0, 0, 0, 0},
                new int[] {21, 22, 23, X});
        assertArrayEquals(new int[] {41, X}, data.sequence(2).label());
        assertEquals(1, data.statistics().truncated());
    }

    private static List<Document> random(int count, boolean texts, boolean chats) {
        SplittableRandom random = new SplittableRandom(1);
        List<Document> documents = new ArrayList<>();
        for (int d = 0; d < count; d++) {
            int tokens = 2 + random.nextInt(40);
            documents.add(texts && (!chats || random.nextBoolean())
                    ? Fixtures.text(1000 * d, tokens)
                    : Fixtures.chat(1000 * d, tokens, 1 + random.nextInt(tokens - 1)));
        }
        return documents;
    }

    @Test
    void packingKeepsEveryTokenAndEveryCountWhateverTheLength() {
        for (boolean chats : new boolean[] {true, false}) {
            List<Document> documents = random(200, true, chats);
            int counted = documents.stream().mapToInt(document -> document.counted(document.ids().length)).sum();
            List<Integer> ids = documents.stream().flatMapToInt(d -> Arrays.stream(d.ids())).boxed().toList();
            for (int tokens : new int[] {41, 64, 100, 1 << 20}) {
                PackedDataset data = new PackedDataset(documents, tokens, true);
                List<Integer> packed = new ArrayList<>();
                int packedCounted = 0;
                for (int s = 0; s < data.size(); s++) {
                    PackedSequence sequence = data.sequence(s);
                    assertTrue(sequence.ids().length <= tokens);
                    packedCounted += sequence.counted();
                    for (int t = 0; t < sequence.ids().length; t++) {
                        packed.add(sequence.ids()[t]);
                        assertEquals(t - sequence.documentStart()[t], sequence.position()[t]);
                        int label = sequence.label()[t];
                        assertTrue(label == X || label == sequence.ids()[t] + 1,
                                "the label is the next id of the document");
                    }
                }
                // Ids of the fixtures grow with the document and within it.
                assertEquals(ids, chats ? packed.stream().sorted().toList() : packed, "texts also keep their order");
                assertEquals(counted, packedCounted);
                assertEquals(counted, data.statistics().countedTokens());
                assertEquals(ids.size(), data.statistics().packedTokens());
                assertEquals(0, data.statistics().truncated());
            }
        }
    }

    @Test
    void eachConversationGoesIntoTheFirstSequenceWithRoomForIt() {
        PackedDataset data = new PackedDataset(List.of(Fixtures.chat(10, 2, 1), Fixtures.chat(20, 4, 2),
                Fixtures.text(30, 5), Fixtures.chat(40, 6, 2), Fixtures.chat(50, 4, 2), Fixtures.chat(60, 2, 1)), 6,
                true);
        assertEquals(4, data.size());
        assertSequence(data.sequence(0), new int[] {10, 11, 20, 21, 22, 23}, new int[] {0, 1, 0, 1, 2, 3},
                new int[] {0, 0, 2, 2, 2, 2}, new int[] {11, X, X, 22, 23, X});
        assertArrayEquals(new int[] {30, 31, 32, 33, 34}, data.sequence(1).ids());
        assertArrayEquals(new int[] {40, 41, 42, 43, 44, 45}, data.sequence(2).ids());
        assertArrayEquals(new int[] {50, 51, 52, 53, 60, 61}, data.sequence(3).ids());
    }

    @Test
    void conversationsLeaveLessThanAFiftiethOfThePositionsEmpty() {
        List<Document> documents = random(20_000, false, true);
        for (int tokens : new int[] {64, 100, 256, 1000}) {
            DataStatistics statistics = new PackedDataset(documents, tokens, true).statistics();
            double full = (double) statistics.packedTokens() / ((double) statistics.sequences() * tokens);
            assertTrue(full > 0.98, tokens + ": " + full);
        }
    }

    @Test
    void sequencesOfTextsAreFullButTheLast() {
        List<Document> documents = List.of(Fixtures.text(0, 5), Fixtures.text(100, 13), Fixtures.text(200, 4));
        PackedDataset data = new PackedDataset(documents, 6, true);
        assertEquals(4, data.size());
        for (int s = 0; s < 3; s++) {
            assertEquals(6, data.sequence(s).ids().length);
        }
        assertEquals(4, data.sequence(3).ids().length);
    }

    @Test
    void sequencesJoinToAMicroBatch() {
        PackedDataset data = new PackedDataset(List.of(Fixtures.text(10, 3), Fixtures.text(20, 3)), 3, true);
        assertSequence(PackedSequence.concat(List.of(data.sequence(0), data.sequence(1))),
                new int[] {10, 11, 12, 20, 21, 22}, new int[] {0, 1, 2, 0, 1, 2}, new int[] {0, 0, 0, 3, 3, 3},
                new int[] {11, 12, X, 21, 22, X});
    }

    @Test
    void theFingerprintTellsDataAndLayoutApart() {
        List<Document> documents = List.of(Fixtures.text(10, 6), Fixtures.text(20, 6));
        long fingerprint = new PackedDataset(documents, 8, true).fingerprint();
        assertEquals(fingerprint, new PackedDataset(documents, 8, true).fingerprint());
        assertNotEquals(fingerprint, new PackedDataset(documents, 7, true).fingerprint());
        assertNotEquals(fingerprint, new PackedDataset(documents.reversed(), 8, true).fingerprint());
        assertNotEquals(fingerprint,
                new PackedDataset(List.of(Fixtures.text(10, 6), Fixtures.chat(20, 6, 3)), 8, true).fingerprint());
    }
}

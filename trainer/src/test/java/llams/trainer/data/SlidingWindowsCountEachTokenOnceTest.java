package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SlidingWindowsCountEachTokenOnceTest {
    /// Ids that tell where they stand, every third of them not counted.
    private static Document document(int first, int length) {
        int[] ids = IntStream.range(first, first + length).toArray();
        int[] labels = Arrays.stream(ids).map(id -> id % 3 == 0 ? Document.IGNORED : id).toArray();
        return new Document("test:" + first, ids, labels);
    }

    @Test
    void everyTokenCountsOnceWithEnoughBeforeIt() {
        Random random = new Random(5);
        for (int round = 0; round < 300; round++) {
            List<Document> documents = new ArrayList<>();
            List<Integer> wanted = new ArrayList<>();
            for (int d = 0; d < 3; d++) {
                Document document = document(1000 * d, 1 + random.nextInt(60));
                documents.add(document);
                Arrays.stream(document.labels()).skip(1).filter(label -> label >= 0).forEach(wanted::add);
            }
            int tokens = 2 + random.nextInt(30);
            int stride = 1 + random.nextInt(tokens - 1);
            List<Integer> counted = new ArrayList<>();
            long all = 0;
            SlidingWindows windows = new SlidingWindows(documents, tokens, stride);
            for (PackedSequence window : windows) {
                all += window.ids().length;
                assertTrue(window.ids().length <= tokens && window.counted() > 0);
                for (int t = 0; t < window.ids().length; t++) {
                    assertEquals(t, window.position()[t]);
                    assertEquals(0, window.documentStart()[t]);
                    assertEquals(window.ids()[0] + t, window.ids()[t]);
                    if (window.label()[t] >= 0) {
                        assertEquals(window.ids()[t] + 1, window.label()[t]);
                        assertTrue(t + 1 >= Math.min(window.label()[t] % 1000, tokens - stride),
                                "context of " + window.label()[t]);
                        counted.add(window.label()[t]);
                    }
                }
            }
            assertEquals(wanted, counted, tokens + " tokens, stride " + stride);
            assertEquals(all, windows.tokens());
        }
    }

    @Test
    void withoutOverlapTheFirstTokenOfALaterWindowHasNothingBeforeIt() {
        int[] ids = IntStream.range(0, 10).toArray();
        List<Integer> counted = new ArrayList<>();
        for (PackedSequence window : new SlidingWindows(List.of(new Document("test", ids, ids)), 4, 4)) {
            Arrays.stream(window.label()).filter(label -> label >= 0).forEach(counted::add);
        }
        assertEquals(List.of(1, 2, 3, 5, 6, 7, 9), counted);
    }

    @Test
    void windowsThatCannotMoveAreRefused() {
        for (int[] wrong : new int[][] {{1, 1}, {8, 0}, {8, 9}, {8, -1}}) {
            assertThrows(IllegalArgumentException.class, () -> new SlidingWindows(List.of(), wrong[0], wrong[1]));
        }
    }
}

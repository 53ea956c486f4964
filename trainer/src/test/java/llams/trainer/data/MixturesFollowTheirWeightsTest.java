package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import llams.model.files.SettingException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Of several sources with weights, every epoch has what the weights say, and no sequence of a source comes again before
/// the others of it have come.
class MixturesFollowTheirWeightsTest {
    /// A source of that many sequences of four tokens.
    private static PackedDataset source(int first, int sequences) {
        List<Document> documents = new ArrayList<>();
        for (int d = 0; d < sequences; d++) {
            documents.add(Fixtures.text(first + 4 * d, 4));
        }
        return new PackedDataset(documents, 4, true);
    }

    private static MixedSequences mixed(double... weights) {
        return new MixedSequences(List.of(source(0, 70), source(1000, 20), source(2000, 10)),
                IntStream.range(0, 3).mapToObj(i -> weights[i]).toList());
    }

    private static List<Integer> take(DataLoader loader, int count) {
        return IntStream.range(0, count).mapToObj(_ -> loader.next()).toList();
    }

    private static int[] counts(List<Integer> sequences) {
        int[] counts = new int[3];
        sequences.forEach(s -> counts[s < 70 ? 0 : s < 90 ? 1 : 2]++);
        return counts;
    }

    @ParameterizedTest
    @CsvSource({"70, 20, 10, 70, 20, 10", "1, 1, 1, 34, 33, 33", "0.5, 0.25, 0.25, 50, 25, 25", "6, 1, 3, 60, 10, 30"})
    void everyEpochHasTheSharesOfTheWeights(double a, double b, double c, int ofA, int ofB, int ofC) {
        DataLoader loader = new DataLoader(mixed(a, b, c), 42, true);
        for (int epoch = 0; epoch < 4; epoch++) {
            assertArrayEquals(new int[] {ofA, ofB, ofC}, counts(take(loader, 100)));
            assertEquals(new DataLoader.Position(epoch + 1, 0), loader.position());
        }
    }

    @Test
    void aSourceIsPassedAsAWhole() {
        DataLoader loader = new DataLoader(mixed(0.35, 0.5, 0.15), 7, true);
        int[] seen = new int[100];
        for (int epoch = 1; epoch <= 4; epoch++) {
            take(loader, 100).forEach(s -> seen[s]++);
            int[] all = seen;
            // 35, 50 and 15 of 70, 20 and 10.
            for (int[] source : new int[][] {{0, 70, 35}, {70, 90, 50}, {90, 100, 15}}) {
                int least = epoch * source[2] / (source[1] - source[0]);
                int more = epoch * source[2] % (source[1] - source[0]);
                assertEquals(more, IntStream.range(source[0], source[1]).filter(s -> all[s] == least + 1).count());
                assertTrue(IntStream.range(source[0], source[1]).allMatch(s -> all[s] == least || all[s] == least + 1));
            }
        }
    }

    @Test
    void anyPlaceIsReachedDirectly() {
        List<Integer> uninterrupted = take(new DataLoader(mixed(1, 1, 1), 7, true), 300);
        assertEquals(uninterrupted, take(new DataLoader(mixed(2, 2, 2), 7, true), 300));
        assertNotEquals(uninterrupted, take(new DataLoader(mixed(1, 1, 1), 8, true), 300));
        for (int done : new int[] {0, 1, 99, 100, 101, 250, 299}) {
            DataLoader before = new DataLoader(mixed(1, 1, 1), 7, true);
            take(before, done);
            DataLoader resumed = new DataLoader(mixed(1, 1, 1), 7, true);
            resumed.seek(before.position());
            assertEquals(uninterrupted.subList(done, 300), take(resumed, 300 - done));
        }
    }

    @Test
    void aSequenceIsThatOfItsSource() {
        MixedSequences mixed = mixed(1, 1, 1);
        assertEquals(2000 + 4 * 3, mixed.sequence(93).ids()[0]);
        assertEquals(List.of("text 1076"), mixed.origins(89));
        assertEquals(100, mixed.statistics().sequences());
        assertEquals(400, mixed.statistics().tokens());
        assertEquals("1,1,0.5", mixed(1, 1, 0.5).weights());
        assertNotEquals(mixed.fingerprint(), mixed(1, 1, 2).fingerprint());
    }

    @Test
    void aSourceOfWhichAnEpochHasNothingIsRefused() {
        String message = assertThrows(SettingException.class, () -> mixed(1000, 1, 1000)).getMessage();
        assertTrue(message.contains("`dataWeights` must be larger"), message);
    }
}

package llams.trainer.data;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ResumedOrderEqualsUninterruptedTest {
    private static final int SEQUENCES = 50;

    private static PackedDataset data() {
        List<Document> documents = new ArrayList<>();
        for (int d = 0; d < SEQUENCES; d++) {
            documents.add(Fixtures.text(10 * d, 4));
        }
        return new PackedDataset(documents, 4, true);
    }

    /// The next `count` sequences.
    private static List<Integer> take(DataLoader loader, int count) {
        List<Integer> sequences = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            sequences.add(loader.next());
        }
        return sequences;
    }

    private static List<Integer> inOrder() {
        List<Integer> all = new ArrayList<>();
        for (int s = 0; s < SEQUENCES; s++) {
            all.add(s);
        }
        return all;
    }

    @Test
    void everyEpochHoldsEverySequenceOnceInAnOrderOfItsOwn() {
        DataLoader loader = new DataLoader(data(), 42, true);
        List<Integer> first = take(loader, SEQUENCES);
        assertEquals(new DataLoader.Position(1, 0), loader.position());
        List<Integer> second = take(loader, SEQUENCES);
        assertEquals(inOrder(), first.stream().sorted().toList());
        assertEquals(inOrder(), second.stream().sorted().toList());
        assertNotEquals(first, second);
        assertNotEquals(inOrder(), first);
    }

    @Test
    void theOrderIsTheSeeds() {
        assertEquals(take(new DataLoader(data(), 42, true), SEQUENCES),
                take(new DataLoader(data(), 42, true), SEQUENCES));
        assertNotEquals(take(new DataLoader(data(), 42, true), SEQUENCES),
                take(new DataLoader(data(), 43, true), SEQUENCES));
    }

    @Test
    void anyPlaceIsReachedDirectly() {
        List<Integer> uninterrupted = take(new DataLoader(data(), 7, true), 3 * SEQUENCES);
        for (int done : new int[] {0, 1, 49, 50, 51, 77, 100, 149}) {
            DataLoader before = new DataLoader(data(), 7, true);
            take(before, done);
            DataLoader resumed = new DataLoader(data(), 7, true);
            resumed.seek(before.position());
            assertEquals(uninterrupted.subList(done, 150), take(resumed, 150 - done));
        }
    }

    @Test
    void withoutShufflingTheOrderIsTheFiles() {
        assertEquals(inOrder(), take(new DataLoader(data(), 42, false), SEQUENCES));
    }

    @Test
    void aPlaceOutsideTheDataIsRefused() {
        DataLoader loader = new DataLoader(data(), 42, true);
        assertThrows(IllegalArgumentException.class, () -> loader.seek(new DataLoader.Position(0, SEQUENCES)));
        assertThrows(IllegalArgumentException.class, () -> loader.seek(new DataLoader.Position(-1, 0)));
    }

    @Test
    void everyOrderIsAboutEquallyLikely() {
        List<Document> three = List.of(Fixtures.text(0, 4), Fixtures.text(10, 4), Fixtures.text(20, 4));
        DataLoader loader = new DataLoader(new PackedDataset(three, 4, true), 5, true);
        int[] seen = new int[27];
        for (int epoch = 0; epoch < 6000; epoch++) {
            List<Integer> order = take(loader, 3);
            seen[9 * order.get(0) + 3 * order.get(1) + order.get(2)]++;
        }
        int[] counts = java.util.Arrays.stream(seen).filter(n -> n > 0).toArray();
        assertEquals(6, counts.length);
        // 1000 expected of each; six standard deviations are 173.
        assertArrayEquals(new int[0], java.util.Arrays.stream(counts).filter(n -> Math.abs(n - 1000) > 173).toArray());
    }
}

package llams.trainer.distributed;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import llams.trainer.ThreadMessages;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Each number is summed along one binary tree over the workers, whatever their number and however long the vector.
class SumsOfWorkersTest {
    private static final int LARGE = Messages.MOST_BYTES / Float.BYTES + 5;

    private static float[] numbers(int worker, int count) {
        Random random = new Random(worker);
        float[] numbers = new float[count];
        for (int i = 0; i < count; i++) {
            numbers[i] = (float) (random.nextGaussian() * Math.pow(10, random.nextInt(6)));
        }
        return numbers;
    }

    /// Pairs of neighbours, then pairs of these; one without a partner waits.
    private static float[] expected(int workers, int count) {
        List<float[]> parts = new ArrayList<>();
        for (int worker = 0; worker < workers; worker++) {
            parts.add(numbers(worker, count));
        }
        while (parts.size() > 1) {
            for (int i = 0; i + 1 < parts.size(); i++) {
                float[] right = parts.remove(i + 1);
                for (int k = 0; k < count; k++) {
                    parts.get(i)[k] += right[k];
                }
            }
        }
        return parts.getFirst();
    }

    private interface Sum {
        void of(Collective collective, MemorySegment x);
    }

    private static float[] sum(Collective collective, int count, Sum sum) {
        try (Arena arena = Arena.ofShared()) {
            MemorySegment x = arena.allocateFrom(ValueLayout.JAVA_FLOAT, numbers(collective.rank(), count));
            sum.of(collective, x);
            collective.barrier();
            return x.toArray(ValueLayout.JAVA_FLOAT);
        }
    }

    private static List<float[]> sums(int size, int count, Sum sum) throws Exception {
        try (ExecutorService threads = Executors.newFixedThreadPool(size)) {
            List<Callable<float[]>> tasks = new ArrayList<>();
            ThreadMessages.workers(size).forEach(worker -> tasks.add(() -> sum(worker, count, sum)));
            List<float[]> sums = new ArrayList<>();
            for (Future<float[]> made : threads.invokeAll(tasks)) {
                sums.add(made.get());
            }
            return sums;
        }
    }

    /// For each worker two pieces, of which the second ones are in the opposite order; the first worker has none. The first
    /// piece is most of all.
    private static List<List<MemorySegment>> parts(MemorySegment x, int size) {
        int pieces = Math.max(1, 2 * (size - 1));
        List<List<MemorySegment>> parts = new ArrayList<>();
        for (int worker = 0; worker < size; worker++) {
            parts.add(new ArrayList<>());
        }
        for (int piece = 0; piece < pieces; piece++) {
            long from = bytes(x, piece, pieces);
            int worker = piece < size - 1 ? 1 + piece : pieces - piece;
            parts.get(Math.min(worker, size - 1)).add(x.asSlice(from, bytes(x, piece + 1, pieces) - from));
        }
        return parts;
    }

    private static long bytes(MemorySegment x, int piece, int pieces) {
        long elements = x.byteSize() / Float.BYTES;
        return piece == 0 ? 0 : elements * (2 * pieces + piece) / (3 * pieces) * Float.BYTES;
    }

    @ParameterizedTest
    @CsvSource({"1, 5", "2, 1", "2, 9", "3, 7", "4, 1", "4, 9", "5, 65", "7, 8", "8, 3", "4, " + LARGE})
    void pairwise(int size, int count) throws Exception {
        float[] expected = expected(size, count);
        for (float[] sum : sums(size, count, Collective::allReduceSum)) {
            assertArrayEquals(expected, sum, 0);
        }
        // Parts that nobody else sends are those of the sums.
        for (float[] sum : sums(size, count, (workers, x) -> {
            List<List<MemorySegment>> parts = parts(x, size);
            workers.reduceSum(parts);
            for (int other = 0; other < size; other++) {
                if (other != workers.rank()) {
                    parts.get(other).forEach(part -> part.fill((byte) -1));
                }
            }
            workers.gather(parts);
        })) {
            assertArrayEquals(expected, sum, 0);
        }
    }
}

package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;

/// Requests keep their distance, even those that a server has held up.
class PacerTest {
    private static final int INTERVAL_MILLIS = 50;

    private static List<Long> begun(Pacer pacer, int requests, Duration hold)
            throws InterruptedException, ExecutionException {
        List<Long> times = Collections.synchronizedList(new ArrayList<>());
        try (ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor()) {
            List<Future<?>> waiting = new ArrayList<>();
            for (int i = 0; i < requests; i++) {
                waiting.add(threads.submit(() -> {
                    assertTrue(pacer.await());
                    times.add(System.nanoTime());
                    return null;
                }));
            }
            Thread.sleep(INTERVAL_MILLIS / 5);
            pacer.hold(hold);
            for (Future<?> one : waiting) {
                one.get();
            }
        }
        Collections.sort(times);
        return times;
    }

    @Test
    void heldRequestsDoNotBeginTogether() throws InterruptedException, ExecutionException {
        long start = System.nanoTime();
        List<Long> times = begun(new Pacer(60_000 / INTERVAL_MILLIS), 4, Duration.ofMillis(3 * INTERVAL_MILLIS));
        assertTrue(times.get(1) - start >= 3 * INTERVAL_MILLIS * 1_000_000L, times::toString);
        long between = times.getLast() - times.get(1);
        assertTrue(between >= 3 * INTERVAL_MILLIS * 1_000_000L / 2, () -> between + " ns for two intervals");
    }

    @Test
    void nothingBeginsOnceItIsStopped() throws InterruptedException {
        Pacer pacer = new Pacer(1);
        assertTrue(pacer.await());
        pacer.stop();
        assertFalse(pacer.await());
        assertFalse(pacer.await(Duration.ofHours(1)));
    }
}

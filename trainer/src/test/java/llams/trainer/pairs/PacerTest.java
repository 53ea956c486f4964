package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import org.junit.jupiter.api.Test;

/// Requests keep their distance, even those that a server has held up.
class PacerTest {
    private static final Duration INTERVAL = Duration.ofMillis(50);

    @Test
    void heldRequestsDoNotBeginTogether() throws InterruptedException {
        Pacer pacer = new Pacer((int) Duration.ofMinutes(1).dividedBy(INTERVAL));
        long start = System.nanoTime();
        assertTrue(pacer.await());
        pacer.hold(INTERVAL.multipliedBy(3));
        for (int request = 0; request < 3; request++) {
            assertTrue(pacer.await());
        }
        long took = System.nanoTime() - start;
        assertTrue(took >= INTERVAL.multipliedBy(3 + 2).toNanos(), () -> took + " ns");
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

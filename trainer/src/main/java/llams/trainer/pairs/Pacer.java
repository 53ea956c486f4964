package llams.trainer.pairs;

import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;

/// When the next request may begin: so many per minute, and none while the server wants patience. For any number of
/// threads.
final class Pacer {
    private final long intervalNanos;
    private final CountDownLatch stopped = new CountDownLatch(1);
    private long nextNanos = System.nanoTime();
    private long heldUntilNanos = nextNanos;

    /// @param requestsPerMinute 0 for no limit
    Pacer(int requestsPerMinute) {
        intervalNanos = requestsPerMinute == 0 ? 0 : TimeUnit.MINUTES.toNanos(1) / requestsPerMinute;
    }

    /// Waits for this thread's turn.
    ///
    /// @return false if nothing is to begin any more
    boolean await() throws InterruptedException {
        while (!stopped.await(turnNanos() - System.nanoTime(), TimeUnit.NANOSECONDS)) {
            if (!isHeld()) {
                return true;
            }
            // The server has asked for patience meanwhile: another turn, so that not all begin when it is over.
        }
        return false;
    }

    private synchronized long turnNanos() {
        long turn = Math.max(nextNanos, Math.max(heldUntilNanos, System.nanoTime()));
        nextNanos = turn + intervalNanos;
        return turn;
    }

    private synchronized boolean isHeld() {
        return heldUntilNanos > System.nanoTime();
    }

    /// Lets no request begin for a while.
    synchronized void hold(Duration wait) {
        heldUntilNanos = Math.max(heldUntilNanos, System.nanoTime() + wait.toNanos());
    }

    /// Waits on behalf of a single request.
    ///
    /// @return false if nothing is to begin any more
    boolean await(Duration wait) throws InterruptedException {
        return !stopped.await(wait.toNanos(), TimeUnit.NANOSECONDS);
    }

    /// Ends all waits, for good.
    void stop() {
        stopped.countDown();
    }

    boolean isStopped() {
        return stopped.getCount() == 0;
    }
}

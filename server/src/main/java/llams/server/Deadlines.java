package llams.server;

import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.TimeUnit;

/// Ends requests that take too long: their thread is interrupted, which closes a connection that it waits for.
final class Deadlines implements AutoCloseable {
    private final ScheduledExecutorService timer;
    private final int seconds;

    Deadlines(int seconds) {
        ScheduledThreadPoolExecutor executor = new ScheduledThreadPoolExecutor(1,
                Thread.ofPlatform().daemon().name("llams-deadlines").factory());
        executor.setRemoveOnCancelPolicy(true);
        this.timer = executor;
        this.seconds = seconds;
    }

    /// A request's time, which begins now and ends with [#close].
    final class Deadline implements AutoCloseable {
        private final Thread thread = Thread.currentThread();
        private final ScheduledFuture<?> end = timer.schedule(this::pass, seconds, TimeUnit.SECONDS);
        private boolean isOver;
        private boolean isPassed;

        private synchronized void pass() {
            if (!isOver) {
                isPassed = true;
                thread.interrupt();
            }
        }

        synchronized boolean isPassed() {
            return isPassed;
        }

        @Override
        public synchronized void close() {
            isOver = true;
            end.cancel(false);
        }
    }

    Deadline begin() {
        return new Deadline();
    }

    @Override
    public void close() {
        timer.shutdownNow();
    }
}

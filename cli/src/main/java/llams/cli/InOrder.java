package llams.cli;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Consumer;
import java.util.function.Function;

/// Work on items that come one after the other, on all cores. The caller's thread gets the results in the items' order; few
/// items wait at a time, so memory does not grow with their number.
final class InOrder<T, R> implements AutoCloseable {
    private final int threads = Runtime.getRuntime().availableProcessors();
    private final ExecutorService workers = Executors.newFixedThreadPool(threads);
    private final Queue<Future<R>> pending = new ArrayDeque<>();
    private final Function<T, R> work;
    private final Consumer<R> results;

    InOrder(Function<T, R> work, Consumer<R> results) {
        this.work = work;
        this.results = results;
    }

    /// Waits for the oldest result if enough items are being worked on. A failure of the work is thrown in its result's
    /// turn.
    void add(T item) {
        pending.add(workers.submit(() -> work.apply(item)));
        if (pending.size() > 2 * threads) {
            takeOldest();
        }
    }

    /// Waits for all results.
    void finish() {
        while (!pending.isEmpty()) {
            takeOldest();
        }
    }

    private void takeOldest() {
        try {
            results.accept(pending.remove().get());
        } catch (ExecutionException e) {
            switch (e.getCause()) {
                case RuntimeException failure -> throw failure;
                case Error error -> throw error;
                case Throwable other -> throw new IllegalStateException(other);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted", e);
        }
    }

    @Override
    public void close() {
        workers.shutdownNow();
    }
}

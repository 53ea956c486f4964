package llams.tokenizer;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;

/// Work on many items at once, the only place with threads.
final class Batch {

    private Batch() {}

    /// The results of `work` for every item, in the items' order. Threads take the next item when they are done with
    /// one.
    static <T, R> List<R> map(List<T> items, Function<T, R> work, int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads is " + threads + ", must be at least 1");
        }
        Object[] results = new Object[items.size()];
        AtomicInteger next = new AtomicInteger();
        Runnable worker = () -> {
            for (int i = next.getAndIncrement(); i < results.length; i = next.getAndIncrement()) {
                results[i] = work.apply(items.get(i));
            }
        };
        int helpers = Math.min(threads, results.length) - 1;
        if (helpers < 1) {
            worker.run();
        } else {
            run(worker, helpers);
        }
        @SuppressWarnings("unchecked")
        List<R> list = (List<R>) Arrays.asList(results);
        return list;
    }

    /// Runs `worker` on this thread and on `helpers` others; the first failure is thrown when all have ended.
    private static void run(Runnable worker, int helpers) {
        try (ExecutorService executor = Executors.newFixedThreadPool(helpers)) {
            List<Future<?>> futures = new ArrayList<>();
            for (int i = 0; i < helpers; i++) {
                futures.add(executor.submit(worker));
            }
            worker.run();
            for (Future<?> future : futures) {
                future.get();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while encoding a batch", e);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof RuntimeException failure) {
                throw failure;
            }
            throw new IllegalStateException("a batch failed", e.getCause());
        }
    }
}

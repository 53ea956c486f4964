package llams.model.merge.parts;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Supplier;

/// Computes the parts of a tensor on all cores and takes their results in order, so that what is written and what is
/// summed does not depend on the threads. Few parts are under way at a time: memory is needed for those alone.
///
/// @param <W> what one part needs to be computed in
public final class PartWorkers<W> implements AutoCloseable {
    /// Computes elements `begin` to `begin + count`, on any thread.
    public interface Task<W> {
        void compute(W workspace, long begin, int count);
    }

    /// Takes a part's result, on the calling thread, part by part.
    public interface Sink<W> {
        void take(W workspace, long begin, int count) throws IOException;
    }

    private record Part<W>(Future<?> done, W workspace, long begin, int count) {}

    private final ExecutorService threads;
    private final List<W> workspaces = new ArrayList<>();
    private final Deque<W> free = new ArrayDeque<>();

    /// @param workspace makes a workspace: one more than there are threads, so that none waits for the disk
    public PartWorkers(int threads, Supplier<W> workspace) {
        this.threads = Executors.newFixedThreadPool(threads, Thread.ofPlatform().daemon().name("merge-", 0).factory());
        for (int i = 0; i < workspaces(threads); i++) {
            workspaces.add(workspace.get());
        }
        free.addAll(workspaces);
    }

    /// Two workers for every processor: one computes while the other waits for the disk.
    public static <W> PartWorkers<W> onAllCores(Supplier<W> workspace) {
        return new PartWorkers<>(threadsOnAllCores(), workspace);
    }

    /// How many workspaces [#onAllCores] makes.
    public static int workspacesOnAllCores() {
        return workspaces(threadsOnAllCores());
    }

    private static int threadsOnAllCores() {
        return 2 * Runtime.getRuntime().availableProcessors();
    }

    private static int workspaces(int threads) {
        return threads + 1;
    }

    /// All workspaces, for what they have collected beside their parts.
    public List<W> workspaces() {
        return workspaces;
    }

    /// Computes the elements `begin` to `end` in parts of `most`; the last one may be shorter.
    ///
    /// Returns when all are taken. What a task throws is thrown here.
    public void run(long begin, long end, int most, Task<W> task, Sink<W> sink) throws IOException {
        Deque<Part<W>> running = new ArrayDeque<>();
        try {
            for (long at = begin; at < end;) {
                if (free.isEmpty()) {
                    take(running.removeFirst(), sink);
                }
                W workspace = free.removeFirst();
                long from = at;
                int count = (int) Math.min(most, end - at);
                Future<?> done = threads.submit(() -> task.compute(workspace, from, count));
                running.addLast(new Part<>(done, workspace, from, count));
                at += count;
            }
            while (!running.isEmpty()) {
                take(running.removeFirst(), sink);
            }
        } finally {
            // After a failure: what the others read must not be unmapped under them.
            running.forEach(part -> await(part.done));
        }
    }

    private void take(Part<W> part, Sink<W> sink) throws IOException {
        Throwable failure = await(part.done);
        free.addLast(part.workspace);
        switch (failure) {
            case null -> sink.take(part.workspace, part.begin, part.count);
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new IllegalStateException(failure);
        }
    }

    /// Waits until a task has ended; returns what it threw, or null.
    private static Throwable await(Future<?> done) {
        boolean interrupted = false;
        try {
            while (true) {
                try {
                    done.get();
                    return null;
                } catch (InterruptedException _) {
                    interrupted = true;
                } catch (ExecutionException e) {
                    return e.getCause();
                }
            }
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }

    @Override
    public void close() {
        threads.shutdown();
    }
}

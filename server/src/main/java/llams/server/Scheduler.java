package llams.server;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import llams.engine.generate.Batch;

/// The thread that generates: takes what waits, in order, as slots become free, and works as long as there is any.
final class Scheduler implements AutoCloseable {
    private final Batch batch;
    private final int most;
    private final Metrics metrics;
    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final Deque<Batch.Request> waiting = new ArrayDeque<>();
    private final Thread thread;
    /// Slots that were free when the generating thread last looked.
    private int free;
    private boolean isClosed;

    /// @param batch closed with this
    /// @param most  how many may wait
    Scheduler(Batch batch, int most, Metrics metrics) {
        this.batch = batch;
        this.most = most;
        this.metrics = metrics;
        this.free = batch.slots();
        this.thread = Thread.ofPlatform().name("llams-batch").start(this::run);
    }

    /// Lets these wait for slots, all or none.
    ///
    /// @throws ApiException if too many wait already, or the server ends
    void submit(List<Batch.Request> requests) {
        lock.lock();
        try {
            if (isClosed) {
                throw ending();
            }
            waiting.removeIf(request -> !request.listener().isWanted());
            // Those that find free slots do not wait.
            if (waiting.size() + requests.size() > most + free) {
                metrics.refused.increment();
                throw ApiException.busy("the server is busy: " + waiting.size() + " requests wait; try again later");
            }
            waiting.addAll(requests);
            changed.signal();
        } finally {
            lock.unlock();
        }
    }

    private static ApiException ending() {
        return ApiException.failed(503, "the server is shutting down");
    }

    private void run() {
        try {
            while (true) {
                List<Batch.Request> next = next();
                if (next == null) {
                    break;
                }
                next.forEach(this::add);
                try {
                    batch.round();
                } catch (RuntimeException e) {
                    batch.failAll(e);
                }
            }
        } finally {
            batch.failAll(ending());
            batch.close();
        }
    }

    private void add(Batch.Request request) {
        try {
            batch.add(request);
        } catch (RuntimeException e) {
            request.listener().fail(e);
        }
    }

    /// What slots are free for; waits while there is nothing to do. Null once the server ends.
    private List<Batch.Request> next() {
        lock.lock();
        try {
            free = batch.free();
            waiting.removeIf(request -> !request.listener().isWanted());
            while (waiting.isEmpty() && batch.isIdle() && !isClosed) {
                metrics.running = 0;
                metrics.waiting = 0;
                changed.awaitUninterruptibly();
            }
            if (isClosed) {
                waiting.forEach(request -> request.listener().fail(ending()));
                waiting.clear();
                return null;
            }
            List<Batch.Request> next = new ArrayList<>();
            while (free > 0 && !waiting.isEmpty()) {
                next.add(waiting.poll());
                free--;
            }
            metrics.running = batch.slots() - free;
            metrics.waiting = waiting.size();
            return next;
        } finally {
            lock.unlock();
        }
    }

    @Override
    public void close() {
        lock.lock();
        try {
            isClosed = true;
            changed.signal();
        } finally {
            lock.unlock();
        }
        boolean isInterrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                // A round takes a second or so, and its memory must not go before it.
                isInterrupted = true;
            }
        }
        if (isInterrupted) {
            Thread.currentThread().interrupt();
        }
    }
}

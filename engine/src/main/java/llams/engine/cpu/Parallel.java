package llams.engine.cpu;

import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import llams.engine.device.Options;

/// The only place with threads: a fixed pool that shares a kernel's tasks out, the calling thread taking part.
///
/// Tasks are claimed one by one, so a thread that a busy neighbour slows down simply claims fewer; a thread that sleeps
/// through a whole call holds nobody up. Idle workers spin for about 50 microseconds (the next kernel usually comes
/// sooner), then park. One thread at a time may call; a call from inside a task runs inline on that task's thread.
final class Parallel implements AutoCloseable {
    /// `index` counts from 0; `buffers` is the running thread's own.
    @FunctionalInterface
    interface Task {
        void run(int index, ThreadBuffers buffers);
    }

    private static final long SPIN_NANOS = 50_000;

    private final Worker[] workers;
    private final ThreadBuffers callerBuffers = new ThreadBuffers();
    private final AtomicBoolean busy = new AtomicBoolean();
    private Thread caller;

    // A claim decrements the low half of `open`; the high half counts calls, so a stale claim cannot hit a later call.
    // A successful claim keeps its call alive, so `task` and `tasks` are read only after it.
    private final AtomicLong open = new AtomicLong();
    private final AtomicInteger unfinished = new AtomicInteger();
    private final AtomicReference<Throwable> failure = new AtomicReference<>();
    private Task task;
    private int tasks;
    private volatile boolean callerParked;
    private volatile boolean closed;

    /// Never more threads than there are processors: the others could only keep those from working.
    static Parallel of(Options options) {
        return new Parallel(Math.min(options.threads(), Runtime.getRuntime().availableProcessors()));
    }

    /// @throws IllegalArgumentException if `threads` is less than 1
    Parallel(int threads) {
        if (threads < 1) {
            throw new IllegalArgumentException("threads must be at least 1, not " + threads);
        }
        workers = new Worker[threads - 1];
        for (int i = 0; i < workers.length; i++) {
            workers[i] = new Worker(i + 1);
            workers[i].start();
        }
    }

    /// All threads that work, the caller included.
    int threads() {
        return workers.length + 1;
    }

    /// The calling thread's working memory outside of tasks: kernels keep there what all their tasks read. Distinct
    /// from the tasks' own; a kernel called inside a task gets a third one (inside that one's tasks, no further).
    ThreadBuffers buffers() {
        ThreadBuffers inner = innerBuffers();
        return inner == null ? callerBuffers.nested() : inner.nested();
    }

    /// What a kernel called inside a task works with; null outside of tasks.
    private ThreadBuffers innerBuffers() {
        Thread current = Thread.currentThread();
        if (current instanceof Worker worker && worker.owner() == this) {
            return worker.buffers.nested().nested();
        }
        return caller == current ? callerBuffers.nested().nested() : null;
    }

    /// Runs `task` for the indices `0..tasks-1` and returns when all are done. What a task throws is thrown here (the
    /// first, if several do); tasks not yet begun are then skipped.
    ///
    /// @throws IllegalStateException if another thread is inside `run`, or after [#close]
    void run(int tasks, Task task) {
        ThreadBuffers inner = innerBuffers();
        if (inner != null) {
            runInline(tasks, task, inner);
            return;
        }
        if (closed) {
            throw new IllegalStateException("this Parallel is closed");
        }
        if (!busy.compareAndSet(false, true)) {
            throw new IllegalStateException("another thread is using this Parallel; give each thread its own");
        }
        caller = Thread.currentThread();
        try {
            if (tasks <= 1 || workers.length == 0) {
                runInline(tasks, task, callerBuffers);
            } else {
                runShared(tasks, task);
            }
        } finally {
            caller = null;
            busy.set(false);
        }
    }

    /// True while a task of the running call has thrown something: others need not wait for what it would have done.
    boolean hasFailed() {
        return failure.get() != null;
    }

    private static void runInline(int tasks, Task task, ThreadBuffers buffers) {
        for (int i = 0; i < tasks; i++) {
            task.run(i, buffers);
        }
    }

    private void runShared(int tasks, Task task) {
        this.task = task;
        this.tasks = tasks;
        unfinished.set(tasks);
        open.set((open.get() >>> 32) + 1 << 32 | tasks);
        int helpers = Math.min(workers.length, tasks - 1);
        for (int i = 0; i < helpers; i++) {
            if (workers[i].parked) {
                LockSupport.unpark(workers[i]);
            }
        }
        claimAll(callerBuffers);
        awaitFinish();
        this.task = null;
        Throwable thrown = failure.getAndSet(null);
        switch (thrown) {
            case null -> {}
            case RuntimeException e -> throw e;
            case Error e -> throw e;
            default -> throw new AssertionError("a task cannot throw a checked exception", thrown);
        }
    }

    private void claimAll(ThreadBuffers buffers) {
        int done = 0;
        while (true) {
            long now = open.get();
            if ((int) now == 0) {
                break;
            }
            if (!open.compareAndSet(now, now - 1)) {
                Thread.onSpinWait();
                continue;
            }
            try {
                if (failure.get() == null) {
                    task.run(tasks - (int) now, buffers);
                }
            } catch (Throwable t) {
                failure.compareAndSet(null, t);
            }
            done++;
        }
        if (done > 0 && unfinished.addAndGet(-done) == 0 && callerParked) {
            LockSupport.unpark(caller);
        }
    }

    private void awaitFinish() {
        long deadline = 0;
        for (int spins = 1; unfinished.get() != 0; spins++) {
            Thread.onSpinWait();
            if ((spins & 63) != 0) {
                continue;
            }
            if (deadline == 0) {
                deadline = System.nanoTime() + SPIN_NANOS;
            } else if (System.nanoTime() - deadline > 0) {
                callerParked = true;
                while (unfinished.get() != 0) {
                    LockSupport.park(this);
                }
                callerParked = false;
            }
        }
    }

    /// Ends the workers; a second call does nothing.
    @Override
    public void close() {
        closed = true;
        for (Worker worker : workers) {
            LockSupport.unpark(worker);
        }
        boolean interrupted = false;
        for (Worker worker : workers) {
            while (worker.isAlive()) {
                try {
                    worker.join();
                } catch (InterruptedException e) {
                    interrupted = true;
                }
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    private final class Worker extends Thread {
        private final ThreadBuffers buffers = new ThreadBuffers();
        private volatile boolean parked;

        Worker(int number) {
            super("llams-cpu-" + number);
            setDaemon(true);
        }

        Parallel owner() {
            return Parallel.this;
        }

        @Override
        public void run() {
            while (!closed) {
                claimAll(buffers);
                long deadline = System.nanoTime() + SPIN_NANOS;
                for (int spins = 1; (int) open.get() == 0 && !closed; spins++) {
                    Thread.onSpinWait();
                    if ((spins & 63) == 0 && System.nanoTime() - deadline > 0) {
                        parked = true;
                        while ((int) open.get() == 0 && !closed) {
                            LockSupport.park(Parallel.this);
                        }
                        parked = false;
                    }
                }
            }
        }
    }
}

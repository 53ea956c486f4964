package llams.mpi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.concurrent.locks.LockSupport;
import llams.trainer.distributed.Messages;

/// Messages between all processes of an MPI program. Libraries wait by asking again and again, which takes a core from
/// what is computed meanwhile; here a thread that has waited for a while asks less often.
final class MpiMessages implements Messages {
    private static final int TAG = 0;
    private static final int MOST_TEXT = 1024;
    private static final int EAGER_POLLS = 100;
    private static final long SHORTEST_PAUSE_NANOS = 50_000;
    private static final long LONGEST_PAUSE_NANOS = 20_000_000;
    /// Of what a message has taken so far, the share that is slept before the next look.
    private static final int PAUSE_DIVISOR = 100;

    private final MpiLibrary library;
    private final boolean isForAnyThread;
    private final int rank;
    private final int size;
    private final MethodHandle send;
    private final MethodHandle receive;
    private final MethodHandle broadcast;
    private final MethodHandle barrier;
    private final MethodHandle test;
    /// Of a message sent and one received.
    private final MemorySegment requests;
    private final MemorySegment isDone = MpiHandles.number(Arena.global());

    private MpiMessages(MpiLibrary library, boolean isForAnyThread) {
        this.library = library;
        this.isForAnyThread = isForAnyThread;
        ValueLayout handle = library.handles().layout();
        this.requests = Arena.global().allocate(handle, 2);
        this.send = library.function("MPI_Isend", ADDRESS, JAVA_INT, handle, JAVA_INT, JAVA_INT, handle, ADDRESS);
        this.receive = library.function("MPI_Irecv", ADDRESS, JAVA_INT, handle, JAVA_INT, JAVA_INT, handle, ADDRESS);
        this.broadcast = library.function("MPI_Ibcast", ADDRESS, JAVA_INT, handle, JAVA_INT, handle, ADDRESS);
        this.barrier = library.function("MPI_Ibarrier", handle, ADDRESS);
        this.test = library.function("MPI_Testall", JAVA_INT, ADDRESS, ADDRESS, ADDRESS);
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment number = MpiHandles.number(arena);
            // Errors come back as codes, for one line, instead of ending the process with a page.
            call("MPI_Comm_set_errhandler", library.function("MPI_Comm_set_errhandler", handle, handle),
                    library.handles().world(), library.handles().errorsReturn());
            call("MPI_Comm_rank", library.function("MPI_Comm_rank", handle, ADDRESS), library.handles().world(),
                    number);
            this.rank = number.get(JAVA_INT, 0);
            call("MPI_Comm_size", library.function("MPI_Comm_size", handle, ADDRESS), library.handles().world(),
                    number);
            this.size = number.get(JAVA_INT, 0);
        }
    }

    /// Starts MPI, which a process can do once.
    ///
    /// @throws IllegalStateException if it does not start
    static MpiMessages init(MpiLibrary library) {
        try (Arena arena = Arena.ofConfined()) {
            int wanted = library.handles().serialized();
            MemorySegment provided = MpiHandles.number(arena);
            int code = (int) library.function("MPI_Init_thread", ADDRESS, ADDRESS, JAVA_INT, ADDRESS)
                    .invokeWithArguments(MemorySegment.NULL, MemorySegment.NULL, wanted, provided);
            if (code != 0) {
                throw new IllegalStateException("MPI_Init_thread failed with error " + code);
            }
            return new MpiMessages(library, provided.get(JAVA_INT, 0) >= wanted);
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("MPI_Init_thread: " + e.getMessage(), e);
        }
    }

    private void call(String name, MethodHandle function, Object... arguments) {
        try {
            check(name, (int) function.invokeWithArguments(arguments));
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(name + ": " + e.getMessage(), e);
        }
    }

    /// Waits for the first `count` requests.
    private void await(String name, int count) {
        long began = System.nanoTime();
        for (int polls = 0; !areDone(name, count); polls++) {
            if (Thread.currentThread().isInterrupted()) {
                throw new IllegalStateException(name + " at worker " + rank + ": broken off");
            }
            if (polls < EAGER_POLLS) {
                Thread.onSpinWait();
            } else {
                LockSupport.parkNanos(Math.clamp((System.nanoTime() - began) / PAUSE_DIVISOR, SHORTEST_PAUSE_NANOS,
                        LONGEST_PAUSE_NANOS));
            }
        }
    }

    private boolean areDone(String name, int count) {
        try {
            check(name, (int) test.invokeExact(count, requests, isDone, library.handles().ignored()));
            return isDone.get(JAVA_INT, 0) != 0;
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException(name + ": " + e.getMessage(), e);
        }
    }

    private void check(String name, int code) throws Throwable {
        if (code != 0) {
            try (Arena arena = Arena.ofConfined()) {
                MemorySegment text = arena.allocate(MOST_TEXT);
                int _ = (int) library.function("MPI_Error_string", JAVA_INT, ADDRESS, ADDRESS)
                        .invokeExact(code, text, MpiHandles.number(arena));
                throw new IllegalStateException(name + " at worker " + rank + ": " + text.getString(0));
            }
        }
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    private void send(MemorySegment bytes, int peer, MemorySegment request) {
        call("MPI_Isend", send, bytes, (int) bytes.byteSize(), library.handles().bytes(), peer, TAG,
                library.handles().world(), request);
    }

    private void receive(MemorySegment bytes, int peer, MemorySegment request) {
        call("MPI_Irecv", receive, bytes, (int) bytes.byteSize(), library.handles().bytes(), peer, TAG,
                library.handles().world(), request);
    }

    @Override
    public void send(MemorySegment bytes, int peer) {
        send(bytes, peer, requests);
        await("MPI_Isend", 1);
    }

    @Override
    public void receive(MemorySegment bytes, int peer) {
        receive(bytes, peer, requests);
        await("MPI_Irecv", 1);
    }

    @Override
    public void exchange(MemorySegment sent, MemorySegment received, int peer) {
        receive(received, peer, requests);
        send(sent, peer, requests.asSlice(library.handles().layout().byteSize()));
        await("MPI_Isend, MPI_Irecv", 2);
    }

    @Override
    public void broadcast(MemorySegment bytes, int root) {
        call("MPI_Ibcast", broadcast, bytes, (int) bytes.byteSize(), library.handles().bytes(), root,
                library.handles().world(), requests);
        await("MPI_Ibcast", 1);
    }

    @Override
    public void barrier() {
        call("MPI_Ibarrier", barrier, library.handles().world(), requests);
        await("MPI_Ibarrier", 1);
    }

    @Override
    public boolean isForAnyThread() {
        return isForAnyThread;
    }

    @Override
    public void close() {
        call("MPI_Finalize", library.function("MPI_Finalize"));
    }
}

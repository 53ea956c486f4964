package llams.mpi;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import llams.trainer.distributed.Messages;

/// Messages between all processes of an MPI program.
final class MpiMessages implements Messages {
    /// `MPI_THREAD_SERIALIZED`: any thread calls, one at a time.
    private static final int SERIALIZED = 2;
    private static final int TAG = 0;
    private static final int MOST_TEXT = 1024;

    private final MpiLibrary library;
    private final int rank;
    private final int size;
    private final MethodHandle send;
    private final MethodHandle receive;
    private final MethodHandle exchange;
    private final MethodHandle broadcast;
    private final MethodHandle barrier;
    private final MethodHandle probe;

    private MpiMessages(MpiLibrary library) {
        this.library = library;
        ValueLayout handle = library.handles().layout();
        this.send = library.function("MPI_Send", ADDRESS, JAVA_INT, handle, JAVA_INT, JAVA_INT, handle);
        this.receive = library.function("MPI_Recv", ADDRESS, JAVA_INT, handle, JAVA_INT, JAVA_INT, handle, ADDRESS);
        this.exchange = library.function("MPI_Sendrecv", ADDRESS, JAVA_INT, handle, JAVA_INT, JAVA_INT, ADDRESS,
                JAVA_INT, handle, JAVA_INT, JAVA_INT, handle, ADDRESS);
        this.broadcast = library.function("MPI_Bcast", ADDRESS, JAVA_INT, handle, JAVA_INT, handle);
        this.barrier = library.function("MPI_Barrier", handle);
        this.probe = library.function("MPI_Iprobe", JAVA_INT, JAVA_INT, handle, ADDRESS, ADDRESS);
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
            int code = (int) library.function("MPI_Init_thread", ADDRESS, ADDRESS, JAVA_INT, ADDRESS)
                    .invokeWithArguments(MemorySegment.NULL, MemorySegment.NULL, SERIALIZED, MpiHandles.number(arena));
            if (code != 0) {
                throw new IllegalStateException("MPI_Init_thread failed with error " + code);
            }
        } catch (RuntimeException e) {
            throw e;
        } catch (Throwable e) {
            throw new IllegalStateException("MPI_Init_thread: " + e.getMessage(), e);
        }
        return new MpiMessages(library);
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

    @Override
    public void send(MemorySegment bytes, int peer) {
        call("MPI_Send", send, bytes, (int) bytes.byteSize(), library.handles().bytes(), peer, TAG,
                library.handles().world());
    }

    @Override
    public void receive(MemorySegment bytes, int peer) {
        call("MPI_Recv", receive, bytes, (int) bytes.byteSize(), library.handles().bytes(), peer, TAG,
                library.handles().world(), library.handles().ignored());
    }

    @Override
    public void exchange(MemorySegment sent, MemorySegment received, int peer) {
        call("MPI_Sendrecv", exchange, sent, (int) sent.byteSize(), library.handles().bytes(), peer, TAG, received,
                (int) received.byteSize(), library.handles().bytes(), peer, TAG, library.handles().world(),
                library.handles().ignored());
    }

    @Override
    public void broadcast(MemorySegment bytes, int root) {
        call("MPI_Bcast", broadcast, bytes, (int) bytes.byteSize(), library.handles().bytes(), root,
                library.handles().world());
    }

    @Override
    public void barrier() {
        call("MPI_Barrier", barrier, library.handles().world());
    }

    @Override
    public boolean hasCome(int peer) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment flag = MpiHandles.number(arena);
            call("MPI_Iprobe", probe, peer, TAG, library.handles().world(), flag, library.handles().ignored());
            return flag.get(JAVA_INT, 0) != 0;
        }
    }

    @Override
    public void close() {
        call("MPI_Finalize", library.function("MPI_Finalize"));
    }
}

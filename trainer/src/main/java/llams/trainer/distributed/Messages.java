package llams.trainer.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/// Messages between the workers of a run, as a library of a launcher sends them. All memory is native; a message has at
/// most [#MOST_BYTES].
public interface Messages extends AutoCloseable {
    /// MPI counts in `int`s; larger messages gain nothing.
    int MOST_BYTES = 1 << 22;

    /// Number of this worker, from 0.
    int rank();

    /// How many workers there are.
    int size();

    void send(MemorySegment bytes, int peer);

    void receive(MemorySegment bytes, int peer);

    /// Sends to a worker and receives from it at once.
    void exchange(MemorySegment sent, MemorySegment received, int peer);

    /// As [Collective#broadcast].
    void broadcast(MemorySegment bytes, int root);

    /// As [Collective#barrier].
    void barrier();

    /// As [Collective#await].
    default void await(int root) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment sign = arena.allocate(1);
            if (rank() != root) {
                receive(sign, root);
                return;
            }
            for (int peer = 0; peer < size(); peer++) {
                if (peer != root) {
                    send(sign, peer);
                }
            }
        }
    }

    /// As [Collective#isForAnyThread].
    boolean isForAnyThread();

    /// As [Collective#close].
    @Override
    void close();
}

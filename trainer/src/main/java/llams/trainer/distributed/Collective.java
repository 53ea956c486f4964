package llams.trainer.distributed;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// What the workers of a run do together. Each of them makes the same calls in the same order; a call returns when its
/// part is done.
public interface Collective extends AutoCloseable {
    /// A run of one worker.
    Collective ALONE = new Alone();

    /// Number of this worker, from 0. Worker 0 reads and writes the run's directory.
    int rank();

    /// How many workers there are.
    int size();

    /// Replaces `x`, F32 `[n]`, by its sum over all workers. The sum of each number is made pairwise: workers 0 and 1, 2
    /// and 3, and so on, then these sums in the same way.
    void allReduceSum(MemorySegment x);

    /// The same for what is divided among the workers: each gets the sums of its own part, and the rest is undefined
    /// afterwards.
    ///
    /// @param parts of worker 0, 1, ...; each F32 `[n]`, of the same sizes at all workers
    void reduceSum(List<List<MemorySegment>> parts);

    /// Replaces every part, any bytes, by what its worker has.
    ///
    /// @param parts of worker 0, 1, ..., of the same sizes at all workers
    void gather(List<List<MemorySegment>> parts);

    /// Replaces `x`, any bytes, by what worker `root` has.
    void broadcast(MemorySegment x, int root);

    /// Replaces `x`, any bytes, at worker `to` by what worker `from` has; for all others nothing happens.
    void move(MemorySegment x, int from, int to);

    /// Waits until all workers are here.
    void barrier();

    /// Waits until worker `root` calls this, too: asleep, and however long that takes. For the time in which that one
    /// works alone, or waits for something itself.
    void await(int root);

    /// Whether any thread may make these calls, one at a time.
    boolean isForAnyThread();

    /// How many bytes are worth a sum of their own: with fewer, each sum is mostly waiting. The same at all workers.
    long bucketBytes();

    /// Ends the work of all in order, once the first worker calls it, too. A worker that fails does not call it: the
    /// others then hear of its end.
    @Override
    void close();
}

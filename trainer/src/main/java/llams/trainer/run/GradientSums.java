package llams.trainer.run;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.LongStream;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.trainer.distributed.Collective;
import llams.trainer.optim.Optimizer;

/// Sums the gradients of a step, over the micro-batches of this worker and over all workers.
///
/// What goes over the network goes in buckets of gradients, the last layers' first, as the backward pass completes them: a
/// thread of its own sums one bucket after the other while the pass of this worker's last micro-batch still runs (Li et
/// al. 2020, arXiv 2006.15704). The buckets depend on the parameters alone, so all workers have the same ones.
final class GradientSums implements AutoCloseable {
    /// Where each worker gets a part of a bucket, the largest part decides how long it takes: a bucket is filled until that
    /// is at most so many times the mean, ...
    private static final double BALANCE = 1.5;
    /// ... or the bucket has such a share of all gradients.
    private static final int MOST_BUCKETS = 16;

    private final Workers workers;
    private final List<List<Leaf>> buckets = new ArrayList<>();
    /// By the gradient of a leaf.
    private final Map<Leaf, Integer> bucketOf = new HashMap<>();
    /// Sums a bucket over all workers, by bucket.
    private final List<Runnable> sums = new ArrayList<>();
    private final HeldSums held;
    /// Null if there is nobody to send to, or no other thread may.
    private final ExecutorService sender;
    private CompletableFuture<Void> sent = CompletableFuture.completedFuture(null);
    /// Gradients that the pass has yet to complete, by bucket.
    private final int[] missing;
    /// The bucket to be summed next.
    private int next;
    /// The last micro-batch of this worker in this step; 0 if it has none.
    private int last;

    /// @param session has the gradients, and [HeldSums#leaves]
    /// @param trained as [Trainer] has them
    /// @param row     where all gradients lie one behind the other; null if the parameters are divided among workers, or
    ///                there is one worker
    GradientSums(Session session, Workers workers, List<Leaf> trained, List<Leaf> summed, MemorySegment row) {
        this.workers = workers;
        Collective collective = workers.collective();
        int[] owners = workers.owners(trained);
        long all = summed.stream().mapToLong(leaf -> Optimizer.gradient(leaf).type().bytes()).sum();
        long[] bytes = new long[collective.size()];
        for (int to = summed.size(), from = to - 1; from >= 0; from--) {
            bytes[owners[from]] += Optimizer.gradient(summed.get(from)).type().bytes();
            if (from == 0 || isFull(bytes, all)) {
                List<MemorySegment> data = trained.subList(from, to)
                        .stream()
                        .map(leaf -> session.read(Optimizer.gradient(leaf).name()).data())
                        .toList();
                List<Leaf> bucket = summed.subList(from, to);
                bucket.forEach(leaf -> bucketOf.put(Optimizer.gradient(leaf), buckets.size()));
                buckets.add(bucket);
                sums.add(sum(Arrays.copyOfRange(owners, from, to), data, row));
                Arrays.fill(bytes, 0);
                to = from;
            }
        }
        this.missing = new int[buckets.size()];
        this.held = new HeldSums(session, buckets, workers.levels());
        this.sender = workers.isAlone() || !collective.isForAnyThread()
                ? null
                : Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("gradient-sums").factory());
        begin();
    }

    /// @param bytes of each worker in a bucket
    private boolean isFull(long[] bytes, long all) {
        long sum = LongStream.of(bytes).sum();
        long most = LongStream.of(bytes).max().orElseThrow();
        return sum >= workers.collective().bucketBytes()
                && (!workers.areMomentsShared() || most * bytes.length <= BALANCE * sum || sum * MOST_BUCKETS >= all);
    }

    private Runnable sum(int[] owners, List<MemorySegment> data, MemorySegment row) {
        Collective collective = workers.collective();
        if (workers.areMomentsShared()) {
            List<List<MemorySegment>> parts = workers.parts(owners, data);
            return () -> collective.reduceSum(parts);
        }
        if (workers.isAlone()) {
            return () -> {};
        }
        long start = data.getFirst().address() - row.address();
        long end = data.getLast().address() + data.getLast().byteSize() - row.address();
        MemorySegment bucket = row.asSlice(start, end - start);
        return () -> collective.allReduceSum(bucket);
    }

    private void begin() {
        next = 0;
        last = 0;
        for (int i = 0; i < missing.length; i++) {
            missing[i] = buckets.get(i).size();
        }
    }

    /// Runs the pass of a micro-batch.
    ///
    /// @param index  of the micro-batch among this worker's in the step, from 0
    /// @param isLast whether it is the last one of them
    void run(Executable pass, int index, boolean isLast) {
        if (!isLast) {
            pass.run();
            held.hold(index);
            return;
        }
        last = index;
        if (sender == null) {
            pass.run();
        } else {
            pass.run(this::settled);
        }
    }

    private void settled(Leaf leaf) {
        Integer bucket = bucketOf.get(leaf);
        if (bucket == null) {
            return;
        }
        missing[bucket]--;
        for (; next < missing.length && missing[next] == 0; next++) {
            held.complete(next, last);
            sent = sent.thenRunAsync(sums.get(next), sender);
        }
    }

    /// Waits for the sums of all gradients. To be called in every step, also by a worker that has no micro-batch in it or
    /// broke off: the others wait for its part.
    void end() {
        try {
            sent.join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
        for (; next < missing.length; next++) {
            held.complete(next, last);
            sums.get(next).run();
        }
        begin();
    }

    /// Breaks off what is on its way.
    @Override
    public void close() {
        if (sender != null) {
            sender.shutdownNow();
            sender.close();
        }
    }
}

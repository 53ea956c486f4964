package llams.trainer.run;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.trainer.distributed.Collective;
import llams.trainer.optim.Optimizer;

/// Sums the gradients of a step, over the micro-batches of this worker and over all workers.
///
/// What goes over the network goes in buckets of gradients, the last layers' first, as the backward pass completes them: a
/// thread of its own sums one bucket after the other while the pass of this worker's last micro-batch still runs (Li et
/// al. 2020, arXiv 2006.15704). The buckets depend on the parameters alone, so all workers have the same ones.
final class GradientSums implements AutoCloseable {
    private static final Pattern LAYER = Pattern.compile("\\.layers\\.(\\d+)\\.");
    /// Where each worker gets a part of a bucket, the largest part decides how long the sum takes. A bucket is filled until
    /// the ratio of that to the mean is no higher than this, ...
    private static final double BALANCE = 1.25;
    /// ... or it has this fraction of all gradients, as a large table alone has.
    private static final double LARGE = 1.0 / 16;

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
    /// @param row     where all gradients lie one behind the other, in their [#order]; null if the parameters are divided
    ///                among workers, or there is one worker
    GradientSums(Session session, Workers workers, List<Leaf> trained, List<Leaf> summed, MemorySegment row) {
        this.workers = workers;
        int[] owners = workers.owners(trained);
        for (List<Integer> bucket : buckets(summed, owners)) {
            bucket.forEach(leaf -> bucketOf.put(Optimizer.gradient(summed.get(leaf)), buckets.size()));
            buckets.add(bucket.stream().map(summed::get).toList());
            List<MemorySegment> data = bucket.stream()
                    .map(leaf -> session.read(Optimizer.gradient(trained.get(leaf)).name()).data())
                    .toList();
            sums.add(sum(bucket.stream().mapToInt(leaf -> owners[leaf]).toArray(), data, row));
        }
        this.missing = new int[buckets.size()];
        this.held = new HeldSums(session, buckets, workers.levels());
        this.sender = workers.isAlone() || !workers.collective().isForAnyThread()
                ? null
                : Executors.newSingleThreadExecutor(Thread.ofPlatform().daemon().name("gradient-sums").factory());
        begin();
    }

    /// The places of leaves in a list, in the order in which the forward pass meets them: that of a checkpoint's files is
    /// any.
    static List<Integer> order(List<Leaf> leaves) {
        return IntStream.range(0, leaves.size())
                .boxed()
                .sorted(Comparator.comparingInt(leaf -> layer(leaves.get(leaf).name())))
                .toList();
    }

    private static int layer(String name) {
        Matcher layer = LAYER.matcher(name);
        return name.equals(Llama.EMBEDDING) ? -1 : layer.find() ? Integer.parseInt(layer.group(1)) : Integer.MAX_VALUE;
    }

    /// The places of leaves in a list, bucket by bucket: the last layers come first, and within a bucket last.
    private List<List<Integer>> buckets(List<Leaf> summed, int[] owners) {
        long all = summed.stream().mapToLong(GradientSums::bytes).sum();
        List<List<Integer>> made = new ArrayList<>();
        List<Integer> bucket = new ArrayList<>();
        long[] bytes = new long[workers.collective().size()];
        for (int leaf : order(summed).reversed()) {
            bucket.addFirst(leaf);
            bytes[owners[leaf]] += bytes(summed.get(leaf));
            if (isFull(bytes, all)) {
                made.add(bucket);
                bucket = new ArrayList<>();
                Arrays.fill(bytes, 0);
            }
        }
        if (!bucket.isEmpty()) {
            made.add(bucket);
        }
        return made;
    }

    private static long bytes(Leaf leaf) {
        return Optimizer.gradient(leaf).type().bytes();
    }

    /// @param bytes of each worker in a bucket
    /// @param all   bytes of all gradients
    private boolean isFull(long[] bytes, long all) {
        long sum = LongStream.of(bytes).sum();
        long most = LongStream.of(bytes).max().orElseThrow();
        return sum >= workers.collective().bucketBytes()
                && (!workers.areMomentsShared() || most * bytes.length <= BALANCE * sum || sum >= LARGE * all);
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

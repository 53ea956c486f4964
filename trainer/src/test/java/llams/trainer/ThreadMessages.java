package llams.trainer;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import llams.trainer.distributed.Collective;
import llams.trainer.distributed.Messages;
import llams.trainer.distributed.TreeCollective;

/// Workers that are threads of one JVM. A message is copied when it is sent.
public final class ThreadMessages implements Messages {
    private static final int PATIENCE_MINUTES = 5;
    /// Small, so that small models have several.
    private static final int BUCKET_BYTES = 1024;

    private final int rank;
    /// From each worker (first index) to each.
    private final List<List<BlockingQueue<byte[]>>> queues;

    private ThreadMessages(int rank, List<List<BlockingQueue<byte[]>>> queues) {
        this.rank = rank;
        this.queues = queues;
    }

    /// As many workers as asked for, by rank.
    public static List<Collective> workers(int size) {
        return workers(size, UnaryOperator.identity());
    }

    /// The same with a watcher of each worker's messages.
    public static List<Collective> workers(int size, UnaryOperator<Messages> watcher) {
        List<List<BlockingQueue<byte[]>>> queues = new ArrayList<>();
        for (int from = 0; from < size; from++) {
            queues.add(IntStream.range(0, size)
                    .<BlockingQueue<byte[]>>mapToObj(to -> new LinkedBlockingQueue<>())
                    .toList());
        }
        return IntStream.range(0, size)
                .<Collective>mapToObj(
                        rank -> new TreeCollective(watcher.apply(new ThreadMessages(rank, queues)), BUCKET_BYTES))
                .toList();
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return queues.size();
    }

    @Override
    public void send(MemorySegment bytes, int peer) {
        queues.get(rank).get(peer).add(bytes.toArray(ValueLayout.JAVA_BYTE));
    }

    @Override
    public void receive(MemorySegment bytes, int peer) {
        try {
            byte[] sent = queues.get(peer).get(rank).poll(PATIENCE_MINUTES, TimeUnit.MINUTES);
            if (sent == null || sent.length != bytes.byteSize()) {
                throw new IllegalStateException("worker " + rank + " expects " + bytes.byteSize()
                        + " bytes from worker " + peer + " and got " + (sent == null ? "none" : sent.length));
            }
            bytes.copyFrom(MemorySegment.ofArray(sent));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void exchange(MemorySegment sent, MemorySegment received, int peer) {
        send(sent, peer);
        receive(received, peer);
    }

    @Override
    public void broadcast(MemorySegment bytes, int root) {
        if (rank != root) {
            receive(bytes, root);
            return;
        }
        for (int peer = 0; peer < size(); peer++) {
            if (peer != rank) {
                send(bytes, peer);
            }
        }
    }

    @Override
    public void barrier() {
        for (int root = 0; root < size(); root++) {
            broadcast(MemorySegment.ofArray(new byte[1]), root);
        }
    }

    @Override
    public boolean isForAnyThread() {
        return true;
    }

    @Override
    public void close() {}
}

package llams.trainer.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;

/// Sums over workers along a fixed binary tree, made from messages between two of them: libraries choose the order of a
/// sum by its length, their version and the network, and it decides the last bits.
///
/// The sum of two numbers has no order, so either worker of a pair may make it: among 2, 4, 8... workers each makes that
/// of a part, and then the parts are exchanged (recursive halving and doubling), so that each sends and receives
/// `2 (size - 1) / size` times the bytes of `x`.
public final class TreeCollective implements Collective {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;
    private static final int BUCKET_BYTES = 1 << 20;
    /// Added at once: as much as the first-level cache holds twice.
    private static final int BLOCK = 2048;

    private final Messages messages;
    private final long bucketBytes;
    private final int rank;
    private final int size;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment received = arena.allocate(Messages.MOST_BYTES, 64);
    private final float[] left = new float[BLOCK];
    private final float[] right = new float[BLOCK];

    public TreeCollective(Messages messages) {
        this(messages, BUCKET_BYTES);
    }

    /// @param bucketBytes see [Collective#bucketBytes]
    public TreeCollective(Messages messages, long bucketBytes) {
        this.messages = messages;
        this.bucketBytes = bucketBytes;
        this.rank = messages.rank();
        this.size = messages.size();
    }

    @Override
    public int rank() {
        return rank;
    }

    @Override
    public int size() {
        return size;
    }

    /// In pieces that one message can have.
    private static List<MemorySegment> pieces(MemorySegment x) {
        List<MemorySegment> pieces = new ArrayList<>();
        for (long from = 0; from < x.byteSize(); from += Messages.MOST_BYTES) {
            pieces.add(x.asSlice(from, Math.min(Messages.MOST_BYTES, x.byteSize() - from)));
        }
        return pieces;
    }

    private boolean isPowerOfTwo() {
        return Integer.bitCount(size) == 1;
    }

    private int levels() {
        return Integer.numberOfTrailingZeros(size);
    }

    @Override
    public void allReduceSum(MemorySegment x) {
        for (MemorySegment piece : pieces(x)) {
            if (isPowerOfTwo()) {
                sumOfParts(piece);
            } else {
                sumFor(0, piece);
                messages.broadcast(piece, 0);
            }
        }
    }

    private void sumOfParts(MemorySegment x) {
        MemorySegment[] whole = new MemorySegment[levels()];
        MemorySegment own = x;
        for (int level = 0; level < whole.length; level++) {
            whole[level] = own;
            MemorySegment other = half(own, level, false);
            own = half(own, level, true);
            exchangeAndAdd(other, own, level);
        }
        for (int level = whole.length - 1; level >= 0; level--) {
            messages.exchange(half(whole[level], level, true), half(whole[level], level, false), peer(level));
        }
    }

    private int peer(int level) {
        return rank ^ 1 << level;
    }

    /// Sends what the partner sums, and adds what it sends to what this worker sums.
    private void exchangeAndAdd(MemorySegment other, MemorySegment own, int level) {
        MemorySegment part = received.asSlice(0, own.byteSize());
        messages.exchange(other, part, peer(level));
        add(own, part);
    }

    /// The half of a part that this worker sums at a level of the tree, or the one that its partner does.
    private MemorySegment half(MemorySegment part, int level, boolean own) {
        long middle = part.byteSize() / (2 * Float.BYTES) * Float.BYTES;
        boolean isLower = (rank >> level & 1) == 0;
        return isLower == own ? part.asSlice(0, middle) : part.asSlice(middle);
    }

    /// The same halving, where the halves are the parts of half of the workers.
    @Override
    public void reduceSum(List<List<MemorySegment>> parts) {
        if (!isPowerOfTwo()) {
            for (int root = 0; root < size; root++) {
                for (MemorySegment part : parts.get(root)) {
                    int of = root;
                    pieces(part).forEach(piece -> sumFor(of, piece));
                }
            }
            return;
        }
        List<List<MemorySegment>> balanced = new ArrayList<>(parts);
        long all = parts.stream().mapToLong(TreeCollective::bytes).sum();
        for (int worker = 0; worker < size; worker++) {
            // It would be sent whole at every level. That all get its sum takes as long as two levels.
            if (levels() > 2 && bytes(parts.get(worker)) > all / 2) {
                parts.get(worker).forEach(this::allReduceSum);
                balanced.set(worker, List.of());
            }
        }
        for (int level = 0; level < levels(); level++) {
            int of = level;
            pairs(parts(balanced, level, peer(level)), parts(balanced, level, rank),
                    (other, own) -> exchangeAndAdd(other, own, of));
        }
    }

    private static long bytes(List<MemorySegment> part) {
        return part.stream().mapToLong(MemorySegment::byteSize).sum();
    }

    @Override
    public void gather(List<List<MemorySegment>> parts) {
        if (!isPowerOfTwo()) {
            for (int root = 0; root < size; root++) {
                for (MemorySegment part : parts.get(root)) {
                    broadcast(part, root);
                }
            }
            return;
        }
        for (int level = levels() - 1; level >= 0; level--) {
            int peer = peer(level);
            pairs(parts(parts, level, rank), parts(parts, level, peer),
                    (own, other) -> messages.exchange(own, other, peer));
        }
    }

    /// Those of the workers on the same side of a level as one of them, which sum for it, or have the sums.
    private static List<MemorySegment> parts(List<List<MemorySegment>> parts, int level, int worker) {
        int stride = 2 << level;
        List<MemorySegment> side = new ArrayList<>();
        for (int i = worker % stride; i < parts.size(); i += stride) {
            side.addAll(parts.get(i));
        }
        return side;
    }

    private interface Exchange {
        void of(MemorySegment sent, MemorySegment received);
    }

    /// Exchanges as many bytes in both directions as long as there are some, so that neither waits for the other.
    private static void pairs(List<MemorySegment> sent, List<MemorySegment> received, Exchange exchange) {
        Cursor left = new Cursor(sent);
        Cursor right = new Cursor(received);
        while (left.isThere() || right.isThere()) {
            long bytes = Messages.MOST_BYTES;
            bytes = left.isThere() ? Math.min(bytes, left.bytes()) : bytes;
            bytes = right.isThere() ? Math.min(bytes, right.bytes()) : bytes;
            exchange.of(left.next(bytes), right.next(bytes));
        }
    }

    /// Takes memory from a list of pieces.
    private static final class Cursor {
        private final Iterator<MemorySegment> pieces;
        private MemorySegment rest = MemorySegment.NULL;

        Cursor(List<MemorySegment> pieces) {
            this.pieces = pieces.iterator();
        }

        boolean isThere() {
            while (rest.byteSize() == 0 && pieces.hasNext()) {
                rest = pieces.next();
            }
            return rest.byteSize() > 0;
        }

        /// Of what comes next in one place.
        long bytes() {
            return rest.byteSize();
        }

        /// Nothing beyond the last.
        MemorySegment next(long bytes) {
            MemorySegment next = rest.asSlice(0, Math.min(bytes, rest.byteSize()));
            rest = rest.asSlice(next.byteSize());
            return next;
        }
    }

    private void sumFor(int root, MemorySegment x) {
        for (int span = 1; span < size; span *= 2) {
            int group = rank / span;
            int partner = group ^ 1;
            if (partner * span >= size) {
                continue;
            }
            int peer = holder(partner, span, root);
            if (holder(group / 2, 2 * span, root) != rank) {
                messages.send(x, peer);
                return;
            }
            MemorySegment part = received.asSlice(0, x.byteSize());
            messages.receive(part, peer);
            add(x, part);
        }
    }

    /// Who has the sum of a group of `span` workers on its way to `root`.
    private static int holder(int group, int span, int root) {
        return root / span == group ? root : group * span;
    }

    /// By way of arrays, whose sums Java compiles to vectors.
    private void add(MemorySegment sum, MemorySegment x) {
        long elements = x.byteSize() / Float.BYTES;
        for (long from = 0; from < elements; from += BLOCK) {
            int count = (int) Math.min(BLOCK, elements - from);
            MemorySegment.copy(sum, F32, from * Float.BYTES, left, 0, count);
            MemorySegment.copy(x, F32, from * Float.BYTES, right, 0, count);
            add(left, right, count);
            MemorySegment.copy(left, 0, sum, F32, from * Float.BYTES, count);
        }
    }

    private static void add(float[] sum, float[] x, int count) {
        for (int i = 0; i < count; i++) {
            sum[i] += x[i];
        }
    }

    @Override
    public void broadcast(MemorySegment x, int root) {
        pieces(x).forEach(piece -> messages.broadcast(piece, root));
    }

    @Override
    public void move(MemorySegment x, int from, int to) {
        if (from == rank && to != rank) {
            pieces(x).forEach(piece -> messages.send(piece, to));
        } else if (to == rank && from != rank) {
            pieces(x).forEach(piece -> messages.receive(piece, from));
        }
    }

    @Override
    public void barrier() {
        messages.barrier();
    }

    @Override
    public void await(int root) {
        messages.await(root);
    }

    @Override
    public boolean isForAnyThread() {
        return messages.isForAnyThread();
    }

    @Override
    public long bucketBytes() {
        return bucketBytes;
    }

    @Override
    public void close() {
        // The first worker may wait for room on its disk.
        messages.await(0);
        messages.close();
        arena.close();
    }
}

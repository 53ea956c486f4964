package llams.trainer.distributed;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Sums over workers along a fixed binary tree, made from messages between two of them: libraries choose the order of a
/// sum by its length, their version and the network, and it decides the last bits.
///
/// The sum of two numbers has no order, so either worker of a pair may make it: among 2, 4, 8... workers each makes that
/// of a part, and then the parts are exchanged (recursive halving and doubling), so that each sends and receives
/// `2 (size - 1) / size` times the bytes of `x`.
public final class TreeCollective implements Collective {
    private static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED;

    private final Messages messages;
    private final int rank;
    private final int size;
    private final Arena arena = Arena.ofShared();
    private final MemorySegment received = arena.allocate(Messages.MOST_BYTES, 64);

    public TreeCollective(Messages messages) {
        this.messages = messages;
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

    private interface Message {
        void of(MemorySegment bytes);
    }

    private static void each(MemorySegment x, Message message) {
        for (long from = 0; from < x.byteSize(); from += Messages.MOST_BYTES) {
            message.of(x.asSlice(from, Math.min(Messages.MOST_BYTES, x.byteSize() - from)));
        }
    }

    @Override
    public void allReduceSum(MemorySegment x) {
        if (Integer.bitCount(size) == 1) {
            each(x, this::sumOfParts);
        } else {
            reduceSum(x, 0);
            broadcast(x, 0);
        }
    }

    private void sumOfParts(MemorySegment x) {
        MemorySegment[] whole = new MemorySegment[Integer.numberOfTrailingZeros(size)];
        MemorySegment own = x;
        for (int level = 0; level < whole.length; level++) {
            whole[level] = own;
            MemorySegment other = half(own, level, false);
            own = half(own, level, true);
            MemorySegment part = received.asSlice(0, own.byteSize());
            messages.exchange(other, part, rank ^ 1 << level);
            add(own, part);
        }
        for (int level = whole.length - 1; level >= 0; level--) {
            messages.exchange(half(whole[level], level, true), half(whole[level], level, false), rank ^ 1 << level);
        }
    }

    /// The half of a part that this worker sums at a level of the tree, or the one that its partner does.
    private MemorySegment half(MemorySegment part, int level, boolean own) {
        long middle = part.byteSize() / (2 * Float.BYTES) * Float.BYTES;
        boolean isLower = (rank >> level & 1) == 0;
        return isLower == own ? part.asSlice(0, middle) : part.asSlice(middle);
    }

    @Override
    public void reduceSum(MemorySegment x, int root) {
        each(x, part -> sumFor(root, part));
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

    private static void add(MemorySegment sum, MemorySegment x) {
        int elements = (int) (x.byteSize() / Float.BYTES);
        for (int i = 0; i < elements; i++) {
            long at = (long) Float.BYTES * i;
            sum.set(F32, at, sum.get(F32, at) + x.get(F32, at));
        }
    }

    @Override
    public void broadcast(MemorySegment x, int root) {
        each(x, part -> messages.broadcast(part, root));
    }

    @Override
    public void move(MemorySegment x, int from, int to) {
        if (from == rank && to != rank) {
            each(x, part -> messages.send(part, to));
        } else if (to == rank && from != rank) {
            each(x, part -> messages.receive(part, from));
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
    public void close() {
        // The first worker may wait for room on its disk.
        messages.await(0);
        messages.close();
        arena.close();
    }
}

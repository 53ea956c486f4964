package llams.trainer.distributed;

import java.lang.foreign.MemorySegment;

/// See [Collective#ALONE].
record Alone() implements Collective {
    @Override
    public int rank() {
        return 0;
    }

    @Override
    public int size() {
        return 1;
    }

    @Override
    public void allReduceSum(MemorySegment x) {}

    @Override
    public void reduceSum(MemorySegment x, int root) {}

    @Override
    public void broadcast(MemorySegment x, int root) {}

    @Override
    public void move(MemorySegment x, int from, int to) {}

    @Override
    public void barrier() {}

    @Override
    public void await(int root) {}

    @Override
    public void close() {}
}

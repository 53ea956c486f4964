package llams.trainer.distributed;

import java.lang.foreign.MemorySegment;
import java.util.List;

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
    public void reduceSum(List<List<MemorySegment>> parts) {}

    @Override
    public void gather(List<List<MemorySegment>> parts) {}

    @Override
    public void broadcast(MemorySegment x, int root) {}

    @Override
    public void move(MemorySegment x, int from, int to) {}

    @Override
    public void barrier() {}

    @Override
    public void await(int root) {}

    @Override
    public boolean isForAnyThread() {
        return true;
    }

    @Override
    public long bucketBytes() {
        return Long.MAX_VALUE;
    }

    @Override
    public void close() {}
}

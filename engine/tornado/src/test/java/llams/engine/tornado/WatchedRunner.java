package llams.engine.tornado;

import java.lang.foreign.MemorySegment;
import java.util.List;

/// Keeps what is launched.
record WatchedRunner(Runner runner, List<Kernel> launched) implements Runner {
    @Override
    public Block make(Block.Kind kind, long elements) {
        return runner.make(kind, elements);
    }

    @Override
    public void free(Block block) {
        runner.free(block);
    }

    @Override
    public void write(MemorySegment from, Block block, long offset) {
        runner.write(from, block, offset);
    }

    @Override
    public void read(Block block, long offset, MemorySegment to) {
        runner.read(block, offset, to);
    }

    @Override
    public Prepared prepare(List<Launch> launches, Block ints, Block consts, int parameters, Profile profile) {
        launches.forEach(launch -> launched.add(launch.kernel()));
        return runner.prepare(launches, ints, consts, parameters, profile);
    }

    @Override
    public void close() {
        runner.close();
    }
}

package llams.engine.tornado;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/// Keeps what is launched.
///
/// @param launched the kernels
/// @param prepared how many they are, for each set of launches
record WatchedRunner(Runner runner, List<Kernel> launched, List<Integer> prepared) implements Runner {
    WatchedRunner(Runner runner, List<Kernel> launched) {
        this(runner, launched, new ArrayList<>());
    }

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
        prepared.add(launches.size());
        return runner.prepare(launches, ints, consts, parameters, profile);
    }

    @Override
    public void close() {
        runner.close();
    }
}

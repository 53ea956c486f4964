package llams.engine.tornado;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// TornadoVM's own way: task graphs, each compiled once and run for every layer that is like the one that it was made
/// for.
final class GraphRunner implements Runner {
    /// Tasks of one graph, at most: more are faster to run, fewer compile faster.
    private static final String TASKS = "llams.gpu.tasks";
    private static final int MAX_TASKS = 128;
    /// TornadoVM has 8 KiB for the tasks of a graph.
    private static final int MAX_TASK_BYTES = 7800;

    private final Memory memory = new Memory();
    private final Map<List<Launch.Shape>, Segment> segments = new HashMap<>();

    /// One run of a graph.
    ///
    /// @param blocks     the distinct ones of its launches
    /// @param parameters where those of its launches start
    private record Step(Segment segment, List<Launch> launches, List<Block> blocks, int parameters) {}

    private record Steps(List<Step> steps) implements Prepared {
        @Override
        public void run() {
            steps.forEach(step -> step.segment.run(step.launches, step.blocks, step.parameters));
        }

        /// The graphs serve other programs too.
        @Override
        public void close() {}
    }

    @Override
    public Block make(Block.Kind kind, long elements) {
        return memory.make(kind, elements);
    }

    @Override
    public void free(Block block) {
        memory.free(block);
    }

    @Override
    public void write(MemorySegment from, Block block, long offset) {
        memory.write(from, (HostedBlock) block, offset);
    }

    @Override
    public void read(Block block, long offset, MemorySegment to) {
        memory.read((HostedBlock) block, offset, to);
    }

    @Override
    public Prepared prepare(List<Launch> launches, Block ints, Block consts, int parameters, Profile profile) {
        List<Step> steps = new ArrayList<>();
        int at = parameters;
        for (Roll.Part part : Roll.parts(launches, Integer.getInteger(TASKS, MAX_TASKS), MAX_TASK_BYTES)) {
            List<Launch> these = launches.subList(part.from(), part.to());
            Segment segment = segments.computeIfAbsent(Launch.shapes(these),
                    shapes -> new Segment(these, (HostedBlock) ints, (HostedBlock) consts, profile));
            steps.add(new Step(segment, these, Launch.distinctBlocks(these), at));
            at += these.stream().mapToInt(Launch::room).sum();
        }
        return new Steps(List.copyOf(steps));
    }

    @Override
    public void close() {
        segments.values().forEach(Segment::close);
        memory.close();
    }
}

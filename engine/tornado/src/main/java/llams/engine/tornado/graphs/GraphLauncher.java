package llams.engine.tornado.graphs;

import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;

/// Runs launches as TornadoVM's task graphs, each compiled once and run for every layer like the one it was built for.
public final class GraphLauncher implements Launcher {
    /// The most tasks of one graph: more run faster, fewer compile faster.
    private static final String TASKS = "llams.gpu.tasks";
    private static final int MAX_TASKS = 128;
    /// TornadoVM has 8 KiB for the tasks of a graph; some of it is left free.
    private static final int MAX_TASK_BYTES = 7800;

    private final WindowedMemory memory = new WindowedMemory();
    private final Map<List<Launch.Signature>, LaunchGraph> graphs = new HashMap<>();

    /// One run of a graph.
    ///
    /// @param blocks     the distinct blocks of its launches
    /// @param parameters where its launches' parameters start
    private record GraphRun(LaunchGraph graph, List<Launch> launches, List<DeviceBlock> blocks, int parameters) {}

    private record PreparedGraphs(List<GraphRun> runs) implements Prepared {
        @Override
        public void run() {
            runs.forEach(run -> run.graph.run(run.launches, run.blocks, run.parameters));
        }

        /// Does nothing: the graphs serve other programs too.
        @Override
        public void close() {}
    }

    @Override
    public DeviceBlock allocate(DeviceBlock.Kind kind, long elements) {
        return memory.allocate(kind, elements);
    }

    @Override
    public void free(DeviceBlock block) {
        memory.free(block);
    }

    @Override
    public void write(MemorySegment from, DeviceBlock block, long offset) {
        memory.write(from, (HostedBlock) block, offset);
    }

    @Override
    public void read(DeviceBlock block, long offset, MemorySegment to) {
        memory.read((HostedBlock) block, offset, to);
    }

    @Override
    public Prepared prepare(List<Launch> launches, DeviceBlock ints, DeviceBlock consts, int parameters,
            Profile profile) {
        List<GraphRun> runs = new ArrayList<>();
        int at = parameters;
        for (GraphCutter.Span span : GraphCutter.spans(launches, Integer.getInteger(TASKS, MAX_TASKS),
                MAX_TASK_BYTES)) {
            List<Launch> these = launches.subList(span.from(), span.to());
            LaunchGraph graph = graphs.computeIfAbsent(Launch.signatures(these),
                    shapes -> new LaunchGraph(these, (HostedBlock) ints, (HostedBlock) consts, profile));
            runs.add(new GraphRun(graph, these, Launch.distinctBlocks(these), at));
            at += these.stream().mapToInt(Launch::room).sum();
        }
        return new PreparedGraphs(List.copyOf(runs));
    }

    @Override
    public void close() {
        graphs.values().forEach(LaunchGraph::close);
        memory.close();
    }
}

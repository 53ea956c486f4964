package llams.engine.tornado.graphs;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.Profile;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// A span of launches as one compiled graph. Before each run, it gets the start of the parameters in `ints`, and the
/// blocks to work on.
final class LaunchGraph implements AutoCloseable {
    private final IntArray pc = new IntArray(1);
    private final TornadoGraph graph;
    /// Sets up each task for its launch before a run.
    private final List<Consumer<Launch>> tasks = new ArrayList<>();
    /// The arrays that stand for each block, by operand index.
    private final List<Map<Integer, TornadoNativeArray>> arrays = new ArrayList<>();
    private List<Launch> last;
    private final Profile profile;

    /// @param profile null when not profiling
    LaunchGraph(List<Launch> launches, HostedBlock ints, HostedBlock consts, Profile profile) {
        this.profile = profile;
        last = launches;
        graph = new TornadoGraph(profile != null);
        graph.send(pc).use(ints).use(consts);
        List<DeviceBlock> blocks = Launch.distinctBlocks(launches);
        blocks.forEach(block -> arrays.add(new HashMap<>()));
        int kernels = 0;
        for (Launch launch : launches) {
            List<TornadoNativeArray> operands = new ArrayList<>();
            for (DeviceBlock block : launch.blocks()) {
                operands.add(arrays.get(blocks.indexOf(block)).computeIfAbsent(operands.size(), place -> {
                    TornadoNativeArray array = ((HostedBlock) block).alias();
                    graph.use((HostedBlock) block, array);
                    return array;
                }));
            }
            String what = launch.kernel() + " for " + launch.what();
            if (launch.product() == null) {
                HostedBlock start = ParameterStarts.of(kernels++);
                graph.use(start);
                TornadoGraph.Task task = graph.task(launch.kernel().localX, launch.kernel().localY, what);
                tasks.add(next -> task.grid()
                        .setGlobalWork((long) next.groupsX() * next.kernel().localX,
                                (long) next.groupsY() * next.kernel().localY, next.groupsZ()));
                launch.kernel()
                        .add(new Kernel.Binding(graph.taskGraph(), task.id(), TornadoGraph.CONTEXT, pc, ints.ints(),
                                consts.floats(), operands, start.ints()));
            } else {
                CuBlasProvider.Call call = new CuBlasProvider.Call();
                graph.taskGraph()
                        .libraryTask(graph.libraryTask(what), (a, b, c) -> CuBlasProvider.task(call, a, b, c),
                                operands.get(0), operands.get(1), operands.get(2));
                tasks.add(next -> call.product = next.product());
            }
        }
    }

    /// @param launches   with the same signatures as those that this was built for
    /// @param blocks     the launches' distinct blocks
    /// @param parameters where theirs start, contiguous
    void run(List<Launch> launches, List<DeviceBlock> blocks, int parameters) {
        pc.set(0, parameters);
        if (launches != last) {
            for (int i = 0; i < blocks.size(); i++) {
                HostedBlock block = (HostedBlock) blocks.get(i);
                arrays.get(i).values().forEach(array -> graph.exchange(array, block));
            }
            last = launches;
        }
        for (int i = 0; i < tasks.size(); i++) {
            tasks.get(i).accept(launches.get(i));
        }
        graph.run();
        if (profile != null) {
            profile.add(launches, graph.kernelNanos());
        }
    }

    @Override
    public void close() {
        graph.close();
    }
}

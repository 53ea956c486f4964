package llams.engine.tornado.graphs;

import java.util.ArrayList;
import java.util.List;
import llams.engine.tornado.launch.Launch;

/// Where the tasks of a graph find their parameters, counted from where the graph's start: numbers on the device, an
/// array each. A number as an argument would be a constant of the compiled kernel, and every number another kernel.
/// They are few, and outlive sessions.
final class ParameterStarts {
    private static final WindowedMemory MEMORY = new WindowedMemory();
    private static final List<HostedBlock> BLOCKS = new ArrayList<>();

    private ParameterStarts() {}

    /// @param number of a kernel in its graph
    static synchronized HostedBlock of(int number) {
        while (BLOCKS.size() <= number) {
            BLOCKS.add(MEMORY.allocateNumber(BLOCKS.size() * Launch.PARAMETERS));
        }
        return BLOCKS.get(number);
    }
}

package llams.engine.tornado.graphs;

import java.util.ArrayList;
import java.util.List;
import llams.engine.tornado.launch.Launch;

/// The offsets of the tasks' parameters from the start of the graph's: one number on the device per task. A number
/// passed as an argument would be a constant of the compiled kernel, and every number a kernel of its own. There are
/// few, and they outlive sessions.
final class ParameterStarts {
    private static final WindowedMemory MEMORY = new WindowedMemory();
    private static final List<HostedBlock> BLOCKS = new ArrayList<>();

    private ParameterStarts() {}

    /// @param number the kernel's number in its graph
    static synchronized HostedBlock of(int number) {
        while (BLOCKS.size() <= number) {
            BLOCKS.add(MEMORY.allocateNumber(BLOCKS.size() * Launch.PARAMETERS));
        }
        return BLOCKS.get(number);
    }
}

package llams.engine.tornado.launch;

import java.util.List;
import llams.engine.tornado.kernels.Kernel;

/// A kernel on blocks with its parameters, or a product that a library computes.
///
/// @param groupsX work-groups; `y` and `z` the same
/// @param what    the op that it is of, for people
/// @param product the library's, else null
public record Launch(Kernel kernel, List<DeviceBlock> blocks, int[] parameters, int groupsX, int groupsY, int groupsZ, String what,
        MatrixProduct product) {
    /// Room for the parameters of a kernel, so that a task's start follows from its number.
    public static final int PARAMETERS = 32;
    /// Which of them is where they start themselves.
    public static final int OWN_START = PARAMETERS - 1;

    public Launch {
        if (parameters.length > OWN_START) {
            throw new IllegalArgumentException(
                    kernel + " has " + parameters.length + " parameters, at most " + OWN_START + " are possible");
        }
    }

    /// What its parameters take of a table: a library's are not in it.
    public int room() {
        return product == null ? PARAMETERS : 0;
    }

    /// What of a launch is compiled. Blocks are told apart, not named: each is a number.
    public record Signature(Kernel kernel, List<Integer> blocks) {}

    /// Of each launch; lists of launches that agree in it differ in data and memory only, and share a graph.
    public static List<Signature> signatures(List<Launch> launches) {
        List<DeviceBlock> seen = distinctBlocks(launches);
        return launches.stream()
                .map(launch -> new Signature(launch.kernel, launch.blocks.stream().map(seen::indexOf).toList()))
                .toList();
    }

    /// Every block that they work on, as it comes.
    public static List<DeviceBlock> distinctBlocks(List<Launch> launches) {
        return launches.stream().flatMap(launch -> launch.blocks.stream()).distinct().toList();
    }

    /// Upper bound of what the task takes of a graph's 8 KiB task buffer.
    public int taskBytes() {
        return 15 + 5 * (blocks.size() + 5);
    }
}

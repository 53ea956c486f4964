package llams.engine.tornado.launch;

import java.util.List;
import llams.engine.tornado.kernels.Kernel;

/// A kernel with its blocks and parameters, or a product that cuBLAS computes.
///
/// @param groupsX work-groups; `y` and `z` the same
/// @param what    the op that it belongs to, for messages and profiles
/// @param product what cuBLAS computes, null for a kernel
public record Launch(Kernel kernel, List<DeviceBlock> blocks, int[] parameters, int groupsX, int groupsY, int groupsZ,
        String what, MatrixProduct product) {
    /// Integers reserved for a kernel's parameters, so that a task's start follows from its number.
    public static final int PARAMETERS = 32;
    /// The one that holds the start of the parameters itself.
    public static final int OWN_START = PARAMETERS - 1;

    public Launch {
        if (parameters.length > OWN_START) {
            throw new IllegalArgumentException(
                    kernel + " has " + parameters.length + " parameters, more than the limit of " + OWN_START);
        }
    }

    /// The integers that its parameters take; cuBLAS needs none.
    public int room() {
        return product == null ? PARAMETERS : 0;
    }

    /// The part of a launch that is compiled. Blocks are numbered in order of appearance, not identified.
    public record Signature(Kernel kernel, List<Integer> blocks) {}

    /// Lists of launches with equal signatures differ in data and memory only, and share a graph.
    public static List<Signature> signatures(List<Launch> launches) {
        List<DeviceBlock> seen = distinctBlocks(launches);
        return launches.stream()
                .map(launch -> new Signature(launch.kernel, launch.blocks.stream().map(seen::indexOf).toList()))
                .toList();
    }

    /// Every block that they work on, in order of appearance.
    public static List<DeviceBlock> distinctBlocks(List<Launch> launches) {
        return launches.stream().flatMap(launch -> launch.blocks.stream()).distinct().toList();
    }

    /// Upper bound of the task's share of a graph's 8 KiB task buffer.
    public int taskBytes() {
        return 15 + 5 * (blocks.size() + 5);
    }
}

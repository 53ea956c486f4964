package llams.engine.tornado;

import java.util.List;

/// A kernel on blocks with its parameters, or a product that a library computes.
///
/// @param groupsX work-groups; `y` and `z` the same
/// @param what    the op that it is of, for people
/// @param product the library's, else null
record Launch(Kernel kernel, List<Block> blocks, int[] parameters, int groupsX, int groupsY, int groupsZ, String what,
        Product product) {
    /// What is compiled: launches that agree in it differ in data only, and share a graph.
    record Shape(Kernel kernel, List<Block> blocks) {
    }

    Shape shape() {
        return new Shape(kernel, blocks);
    }

    /// Upper bound of what the task takes of a graph's 8 KiB task buffer.
    int taskBytes() {
        return 15 + 5 * (blocks.size() + 5);
    }
}

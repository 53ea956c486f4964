package llams.engine.cpu;

import llams.engine.tensor.Tensor;

/// Checks that only a run can make, or that only these kernels need. Shapes and types are checked where an op is
/// recorded.
final class Guard {
    private Guard() {}

    static void that(boolean right, String message) {
        if (!right) {
            throw new IllegalArgumentException(message);
        }
    }

    /// Element `at` of an I32 tensor must be one of `0..count-1`.
    static void index(String op, String name, Tensor t, int at, int count) {
        int found = t.getInt(at);
        if (found < 0 || found >= count) {
            throw new IndexOutOfBoundsException(
                    op + ": " + name + "[" + at + "] is " + found + ", wanted 0 to " + (count - 1));
        }
    }
}

package llams.engine.cpu;

/// One thread's working memory, kept from call to call so that kernels allocate nothing once they are warm. A kernel
/// numbers its own slots; what a slot holds is undefined when the kernel starts. For what fits a cache: larger work
/// is planned with the program, see [llams.engine.graph.Op#workspace].
final class ThreadBuffers {
    private static final int SLOTS = 16;

    private final float[][] floats = new float[SLOTS][0];
    private final int[][] ints = new int[SLOTS][0];
    private final double[][] doubles = new double[SLOTS][0];
    private ThreadBuffers nested;

    float[] floats(int slot, int length) {
        if (floats[slot].length < length) {
            floats[slot] = new float[length];
        }
        return floats[slot];
    }

    int[] ints(int slot, int length) {
        if (ints[slot].length < length) {
            ints[slot] = new int[length];
        }
        return ints[slot];
    }

    double[] doubles(int slot, int length) {
        if (doubles[slot].length < length) {
            doubles[slot] = new double[length];
        }
        return doubles[slot];
    }

    /// The working memory of a kernel that this thread runs inside another kernel.
    ThreadBuffers nested() {
        if (nested == null) {
            nested = new ThreadBuffers();
        }
        return nested;
    }
}

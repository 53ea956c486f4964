package llams.engine.cpu;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// One thread's working memory, kept from call to call so that kernels allocate nothing once they are warm. A kernel
/// numbers its own slots; what a slot holds is undefined when the kernel starts.
final class Scratch {
    private static final int SLOTS = 16;

    private final float[][] floats = new float[SLOTS][0];
    private final int[][] ints = new int[SLOTS][0];
    private final double[][] doubles = new double[SLOTS][0];
    private final MemorySegment[] segments = new MemorySegment[SLOTS];
    private Scratch nested;

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

    /// An F32 tensor of `[rows, columns]` in native memory.
    Tensor tensor(int slot, int rows, int columns) {
        Shape shape = Shape.of(rows, columns);
        long bytes = Tensor.byteSize(DType.F32, shape);
        if (segments[slot] == null || segments[slot].byteSize() < bytes) {
            segments[slot] = Arena.ofAuto().allocate(bytes, 64);
        }
        return new Tensor(DType.F32, shape, segments[slot].asSlice(0, bytes));
    }

    /// The working memory of a kernel that this thread runs inside another kernel.
    Scratch nested() {
        if (nested == null) {
            nested = new Scratch();
        }
        return nested;
    }
}

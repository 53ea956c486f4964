package llams.engine.tornado.graphs;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Copies between a block and the small arrays that are copied to the device and back. `range` holds the first element
/// of the block and the count.
final class WindowKernels {
    private WindowKernels() {}

    /// Touches a block once, so that the device allocates it.
    public static void makeFloats(KernelContext c, FloatArray block) {
        if (c.globalIdx == 0) {
            block.set(0, 0.0f);
        }
    }

    public static void makeShorts(KernelContext c, ShortArray block) {
        if (c.globalIdx == 0) {
            block.set(0, (short) 0);
        }
    }

    public static void makeInts(KernelContext c, IntArray block) {
        if (c.globalIdx == 0) {
            block.set(0, 0);
        }
    }

    /// Touches a block once and leaves it unchanged.
    public static void keepInts(KernelContext c, IntArray block) {
        if (c.globalIdx == 0) {
            block.set(0, block.get(0));
        }
    }

    public static void putFloats(KernelContext c, IntArray range, FloatArray window, FloatArray block) {
        int i = c.globalIdx;
        if (i < range.get(1)) {
            block.set(range.get(0) + i, window.get(i));
        }
    }

    public static void putShorts(KernelContext c, IntArray range, ShortArray window, ShortArray block) {
        int i = c.globalIdx;
        if (i < range.get(1)) {
            block.set(range.get(0) + i, window.get(i));
        }
    }

    public static void putInts(KernelContext c, IntArray range, IntArray window, IntArray block) {
        int i = c.globalIdx;
        if (i < range.get(1)) {
            block.set(range.get(0) + i, window.get(i));
        }
    }

    public static void takeFloats(KernelContext c, IntArray range, FloatArray block, FloatArray window) {
        int i = c.globalIdx;
        if (i < range.get(1)) {
            window.set(i, block.get(range.get(0) + i));
        }
    }
}

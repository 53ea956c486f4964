package llams.engine.tornado.graphs;

import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;

/// Copies between a `DeviceBlock` and the small arrays that go over to the device and back. `range` is the first element of
/// the block, and how many.
final class WindowKernels {
    private WindowKernels() {}

    /// Uses a block once, so that the device makes it.
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

    /// Uses a block once, and leaves it as it is.
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

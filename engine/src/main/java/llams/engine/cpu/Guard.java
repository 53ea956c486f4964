package llams.engine.cpu;

import java.util.Arrays;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// Guards at a kernel's door: a wrong dtype or shape must never reach a vector loop.
final class Guard {
    private Guard() {}

    static void f32(String op, String name, Tensor t, long... dims) {
        typed(op, name, t, DType.F32, dims);
    }

    static void i32(String op, String name, Tensor t, long... dims) {
        typed(op, name, t, DType.I32, dims);
    }

    static void weight(String op, String name, Tensor t, long... dims) {
        if (!t.dtype().isWeight() || !hasDims(t, dims)) {
            throw wrong(op, name, t, "F32, BF16, F16 or Q8_0 " + Arrays.toString(dims));
        }
    }

    /// The size of one axis of a tensor that must have `rank` axes, as the `int` that loops count with.
    static int dim(String op, String name, Tensor t, int rank, int axis) {
        if (t.shape().rank() != rank) {
            throw wrong(op, name, t, "rank " + rank);
        }
        long dim = t.shape().dim(axis);
        if (dim > Integer.MAX_VALUE) {
            throw wrong(op, name, t, "at most 2^31 - 1 in axis " + axis);
        }
        return (int) dim;
    }

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

    private static void typed(String op, String name, Tensor t, DType dtype, long... dims) {
        if (t.dtype() != dtype || !hasDims(t, dims)) {
            throw wrong(op, name, t, dtype + " " + Arrays.toString(dims));
        }
    }

    private static boolean hasDims(Tensor t, long... dims) {
        if (t.shape().rank() != dims.length) {
            return false;
        }
        for (int axis = 0; axis < dims.length; axis++) {
            if (t.shape().dim(axis) != dims[axis]) {
                return false;
            }
        }
        return true;
    }

    private static IllegalArgumentException wrong(String op, String name, Tensor t, String wanted) {
        return new IllegalArgumentException(
                op + ": " + name + " is " + t.dtype() + " " + t.shape() + ", wanted " + wanted);
    }
}

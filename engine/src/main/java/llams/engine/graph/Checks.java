package llams.engine.graph;

import llams.engine.tensor.DType;

/// The shape rules that ops share. Each failure names the op and what it was given.
public final class Checks {
    private Checks() {}

    public static void that(boolean holds, String format, Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(format.formatted(values));
        }
    }

    static void f32(String op, String name, Value value, int rank) {
        that(value.dtype() == DType.F32 && value.shape().rank() == rank, "%s: %s must be F32 of rank %d, not %s", op,
                name, rank, value.type());
    }

    static void weight(String op, String name, Value value, int rank) {
        that(value.dtype().isWeight() && value.shape().rank() == rank,
                "%s: %s must be F32, BF16, F16 or Q8_0 of rank %d, not %s", op, name, rank, value.type());
    }

    static void ints(String op, String name, Value value, long count) {
        that(value.dtype() == DType.I32 && value.shape().rank() == 1 && value.dim(0) == count,
                "%s: %s must be I32 [%d], not %s", op, name, count, value.type());
    }

    static void same(String op, String leftName, Value left, String rightName, Value right) {
        that(left.type().equals(right.type()), "%s: %s is %s but %s is %s", op, leftName, left.type(), rightName,
                right.type());
    }

    static void scalar(String op, String name, Value value) {
        that(value.dtype() == DType.F32 && value.shape().rank() == 1 && value.dim(0) == 1,
                "%s: %s must be F32 [1], not %s", op, name, value.type());
    }
}

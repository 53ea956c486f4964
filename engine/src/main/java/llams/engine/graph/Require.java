package llams.engine.graph;

import llams.engine.tensor.DType;

/// The shape rules that ops share, and the only place where shapes are checked: devices rely on them. Each failure
/// names the op and what it was given.
public final class Require {
    private Require() {}

    public static void that(boolean holds, String format, Object... values) {
        if (!holds) {
            throw new IllegalArgumentException(format.formatted(values));
        }
    }

    static void f32(String op, String name, Value value) {
        that(value.dtype() == DType.F32, "%s: %s must be F32, not %s", op, name, value.type());
    }

    static void f32(String op, String name, Value value, int rank) {
        that(value.dtype() == DType.F32 && value.shape().rank() == rank, "%s: %s must be F32 of rank %d, not %s", op,
                name, rank, value.type());
    }

    static void weight(String op, String name, Value value, int rank) {
        that(value.dtype().isWeight() && value.shape().rank() == rank,
                "%s: %s must be F32, BF16, F16, blocks of GGML or NF4 of rank %d, not %s", op, name, rank,
                value.type());
    }

    static void ints(String op, String name, Value value, long count) {
        that(value.dtype() == DType.I32 && value.shape().rank() == 1 && value.dim(0) == count,
                "%s: %s must be I32 [%d], not %s", op, name, count, value.type());
    }

    static void type(String op, String name, Value value, TensorType type) {
        that(value.type().equals(type), "%s: %s must be %s, not %s", op, name, type, value.type());
    }

    static void same(String op, String leftName, Value left, String rightName, Value right) {
        that(left.type().equals(right.type()), "%s: %s is %s but %s is %s", op, leftName, left.type(), rightName,
                right.type());
    }

    static void scalar(String op, String name, Value value) {
        type(op, name, value, TensorType.f32(1));
    }
}

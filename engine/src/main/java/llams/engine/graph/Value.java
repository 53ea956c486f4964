package llams.engine.graph;

import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;

/// Something a graph computes with: a [Leaf] that comes from outside, or the [Result] of an op. Symbolic: it has a
/// type, never numbers.
public sealed interface Value permits Leaf, Result {
    TensorType type();

    default DType dtype() {
        return type().dtype();
    }

    default Shape shape() {
        return type().shape();
    }

    /// The size of one axis; a negative axis counts from the last.
    default long dim(int axis) {
        return type().shape().dim(axis);
    }
}

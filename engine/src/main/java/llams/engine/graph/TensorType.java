package llams.engine.graph;

import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;

/// What is known of a value before anything is computed.
public record TensorType(DType dtype, Shape shape) {
    public static TensorType f32(long... dims) {
        return new TensorType(DType.F32, Shape.of(dims));
    }

    public long bytes() {
        return Tensor.byteSize(dtype, shape);
    }

    /// As `F32 [5, 6]`.
    @Override
    public String toString() {
        return dtype + " " + shape;
    }
}

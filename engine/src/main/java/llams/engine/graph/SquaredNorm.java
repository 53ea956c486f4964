package llams.engine.graph;

import java.util.List;

/// `y = Σ x²` over all elements of an F32 tensor; the result `[1]`.
public record SquaredNorm() implements Op {
    public static final int X = 0;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Require.f32("squared norm", "x", inputs.get(X));
        return List.of(TensorType.f32(1));
    }
}

package llams.engine.graph;

import java.util.List;

/// `y[r] = sqrt(Σ x[r]²)`: the length of each row. `x` is F32 `[rows, dim]`, the result `[rows]`.
public record RowNorm() implements Op {
    public static final int X = 0;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Require.f32("row norm", "x", inputs.get(X), 2);
        return List.of(TensorType.f32(inputs.get(X).dim(0)));
    }
}

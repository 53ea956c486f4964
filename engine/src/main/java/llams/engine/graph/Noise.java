package llams.engine.graph;

import java.util.List;

/// `y[t, d] = x[t, d] + bound[t] u`, with u uniform in [-1, 1): it follows from `seed`, `stream` and the element's index
/// alone, as in [Dropout].
///
/// Inputs: `x` F32 `[tokens, dim]`, `bound` F32 `[tokens]`, `seed` I32 `[2]`.
public record Noise(int stream) implements Differentiable {
    public static final int X = 0, BOUND = 1, SEED = 2;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Require.f32("noise", "x", x, 2);
        Require.type("noise", "bound", inputs.get(BOUND), TensorType.f32(x.dim(0)));
        Require.ints("noise", "seed", inputs.get(SEED), 2);
        return List.of(x.type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(X);
    }

    /// `dx = dy`.
    @Override
    public void gradient(Backward at) {
        at.add(X, at.upstream());
    }
}

package llams.engine.graph;

import java.util.List;

/// `y = x / (1 - rate)` where kept, else 0. Whether an element is kept follows from `seed` (I32 `[2]`: the run's seed
/// and the number of the micro-batch), `stream` (which dropout of the model this is) and the element's index alone, so
/// forward and backward agree without a stored mask.
public record Dropout(float rate, int stream) implements Differentiable {
    public static final int X = 0, SEED = 1;

    public Dropout {
        Require.that(rate >= 0 && rate < 1, "dropout: rate must be in [0, 1), not %s", rate);
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Require.f32("dropout", "x", inputs.get(X), 2);
        Require.ints("dropout", "seed", inputs.get(SEED), 2);
        return List.of(inputs.get(X).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(X);
    }

    /// The same mask over the gradient.
    @Override
    public void gradient(Backward at) {
        at.add(X, at.graph.record(this, at.upstream(), at.input(SEED)));
    }
}

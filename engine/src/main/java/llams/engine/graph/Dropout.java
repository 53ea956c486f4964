package llams.engine.graph;

import java.util.List;

/// `y = x / (1 - rate)` where kept, else 0. Whether an element is kept follows from `seed` (I32 `[2]`: the run's seed
/// and the number of the micro-batch), `stream` (which dropout of the model this is) and the element's index alone, so
/// forward and backward agree without a stored mask.
public record Dropout(float rate, int stream) implements Differentiable {
    public Dropout {
        Checks.that(rate >= 0 && rate < 1, "dropout: rate must be in [0, 1), not %s", rate);
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.f32("dropout", "x", inputs.get(0), 2);
        Checks.ints("dropout", "seed", inputs.get(1), 2);
        return List.of(inputs.getFirst().type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(0);
    }

    /// The same mask over the gradient.
    @Override
    public void gradient(Backward at) {
        at.add(0, at.graph.record(this, at.upstream(), at.input(1)));
    }
}

package llams.engine.graph;

import java.util.List;

/// `y = factor x`, elementwise, F32.
public record Scale(float factor) implements Differentiable {
    public static final int X = 0;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Require.f32("scale", "x", inputs.get(X));
        return List.of(inputs.get(X).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(X);
    }

    /// `dx = factor dy`.
    @Override
    public void gradient(Backward at) {
        at.add(X, at.graph.scale(at.upstream(), factor));
    }
}

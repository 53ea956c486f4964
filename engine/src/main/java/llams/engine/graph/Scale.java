package llams.engine.graph;

import java.util.List;

/// `y = factor x`, elementwise, F32.
public record Scale(float factor) implements Differentiable {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        return List.of(inputs.getFirst().type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(0);
    }

    /// `dx = factor dy`.
    @Override
    public void gradient(Backward at) {
        at.add(0, at.graph.scale(at.upstream(), factor));
    }
}

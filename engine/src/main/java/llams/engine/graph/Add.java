package llams.engine.graph;

import java.util.List;

/// `y = a + b`, elementwise; both F32 of one shape.
public record Add() implements Differentiable {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.same("add", "a", inputs.get(0), "b", inputs.get(1));
        return List.of(inputs.get(0).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(0, 1);
    }

    /// `da = dy`, `db = dy`.
    @Override
    public void gradient(Backward at) {
        for (int i = 0; i < 2; i++) {
            if (at.wants(i)) {
                at.add(i, at.upstream());
            }
        }
    }
}

package llams.engine.graph;

import java.util.List;

/// `y = a + b`, elementwise; both F32 of one shape.
public record Add() implements Differentiable {
    public static final int A = 0, B = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Require.f32("add", "a", inputs.get(A));
        Require.same("add", "a", inputs.get(A), "b", inputs.get(B));
        return List.of(inputs.get(A).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(A, B);
    }

    /// `da = dy`, `db = dy`.
    @Override
    public void gradient(Backward at) {
        at.add(A, at.upstream());
        at.add(B, at.upstream());
    }
}

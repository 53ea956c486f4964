package llams.engine.graph;

import java.util.List;

/// `y = silu(gate) * up` with `silu(z) = z / (1 + exp(-z))` (arXiv 2002.05202); both `[tokens, hiddenDim]`.
public record SwiGlu() implements Differentiable {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.f32("swiglu", "gate", inputs.get(0), 2);
        Checks.same("swiglu", "gate", inputs.get(0), "up", inputs.get(1));
        return List.of(inputs.getFirst().type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(0, 1);
    }

    @Override
    public void gradient(Backward at) {
        Node gradient = at.graph.recordNode(new SwiGluGradient(), at.input(0), at.input(1), at.upstream());
        for (int i = 0; i < 2; i++) {
            if (at.wants(i)) {
                at.add(i, gradient.results.get(i));
            }
        }
    }
}

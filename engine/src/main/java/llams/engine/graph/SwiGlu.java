package llams.engine.graph;

import java.util.List;

/// `y = silu(gate) * up` with `silu(z) = z / (1 + exp(-z))` (arXiv 2002.05202); both `[tokens, hiddenDim]`.
public record SwiGlu() implements Differentiable {
    public static final int GATE = 0, UP = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Require.f32("swiglu", "gate", inputs.get(GATE), 2);
        Require.same("swiglu", "gate", inputs.get(GATE), "up", inputs.get(UP));
        return List.of(inputs.get(GATE).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(GATE, UP);
    }

    @Override
    public void gradient(Backward at) {
        Node gradient = at.graph.recordNode(new Gradient(), at.input(GATE), at.input(UP), at.upstream());
        at.add(GATE, gradient.results.get(Gradient.DGATE));
        at.add(UP, gradient.results.get(Gradient.DUP));
    }

    /// With `s = 1 / (1 + exp(-gate))`: `dgate = dy up s (1 + gate (1 - s))` and `dup = dy gate s`. Inputs:
    /// those of [SwiGlu], then `dy`; results `dgate`, `dup`.
    public record Gradient() implements Op {
        public static final int DY = 2;
        public static final int DGATE = 0, DUP = 1;

        @Override
        public List<TensorType> results(List<Value> inputs) {
            Require.same("swiglu gradient", "gate", inputs.get(GATE), "dy", inputs.get(DY));
            TensorType type = new SwiGlu().results(inputs).getFirst();
            return List.of(type, type);
        }

        @Override
        public List<Integer> overwritable(int result) {
            return List.of(result == DGATE ? GATE : UP);
        }
    }
}

package llams.engine.graph;

import java.util.List;

/// The gradient of [SwiGlu]: with `s = 1 / (1 + exp(-gate))`, `dgate = dy up s (1 + gate (1 - s))` and
/// `dup = dy gate s`. Inputs `gate`, `up`, `dy`; results `dgate`, `dup`.
public record SwiGluGradient() implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.same("swiglu gradient", "gate", inputs.get(0), "dy", inputs.get(2));
        return List.of(inputs.get(0).type(), inputs.get(1).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(result);
    }
}

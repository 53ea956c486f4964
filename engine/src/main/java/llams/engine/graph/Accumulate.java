package llams.engine.graph;

import java.util.List;

/// `state += x`: gradients summed over micro-batches. Inputs `state`, `x`, of one shape.
public record Accumulate() implements Effect {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.same("accumulate", "state", inputs.get(0), "x", inputs.get(1));
        return List.of();
    }
}

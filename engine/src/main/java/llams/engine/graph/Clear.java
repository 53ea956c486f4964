package llams.engine.graph;

import java.util.List;

/// `state = 0`.
public record Clear() implements Effect {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        return List.of();
    }
}

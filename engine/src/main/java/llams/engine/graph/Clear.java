package llams.engine.graph;

import java.util.List;

/// `state = 0`, of any type.
public record Clear() implements Effect {
    public static final int STATE = 0;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        return List.of();
    }
}

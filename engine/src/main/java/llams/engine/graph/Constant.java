package llams.engine.graph;

import java.util.List;

/// One F32 number, `[1]`; the seed of a backward pass.
public record Constant(float value) implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        return List.of(TensorType.f32(1));
    }
}

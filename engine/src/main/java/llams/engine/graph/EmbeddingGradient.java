package llams.engine.graph;

import java.util.List;

/// The gradient of [Embedding]: `ids` I32 `[tokens]` and `dy` `[tokens, dim]` give `dtable` `[rows, dim]`, zero where
/// no id points.
public record EmbeddingGradient(long rows) implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.f32("embedding gradient", "dy", inputs.get(1), 2);
        Checks.ints("embedding gradient", "ids", inputs.get(0), inputs.get(1).dim(0));
        return List.of(TensorType.f32(rows, inputs.get(1).dim(1)));
    }
}

package llams.engine.graph;

import java.util.List;

/// `y[t] = table[ids[t]]`: rows picked by number. `table` is `[rows, dim]`, of any weight type; `ids` I32 `[tokens]`;
/// the result F32 `[tokens, dim]`.
public record Embedding() implements Differentiable {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value table = inputs.get(0);
        Value ids = inputs.get(1);
        Checks.weight("embedding", "table", table, 2);
        Checks.that(ids.shape().rank() == 1, "embedding: ids must be I32 [tokens], not %s", ids.type());
        Checks.ints("embedding", "ids", ids, ids.dim(0));
        return List.of(TensorType.f32(ids.dim(0), table.dim(1)));
    }

    /// `dtable[r]` is the sum of `dy[t]` over the t that picked row r.
    @Override
    public void gradient(Backward at) {
        at.add(0, at.graph.record(new EmbeddingGradient(at.input(0).dim(0)), at.input(1), at.upstream()));
    }
}

package llams.engine.graph;

import java.util.List;

/// `y[t] = table[ids[t]]`: rows picked by number. `table` is `[rows, dim]`, of any weight type; `ids` I32 `[tokens]`;
/// the result F32 `[tokens, dim]`.
public record Embedding() implements Differentiable {
    public static final int TABLE = 0, IDS = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value table = inputs.get(TABLE);
        Value ids = inputs.get(IDS);
        Require.weight("embedding", "table", table, 2);
        Require.that(ids.shape().rank() == 1, "embedding: ids must be I32 [tokens], not %s", ids.type());
        Require.ints("embedding", "ids", ids, ids.dim(0));
        return List.of(TensorType.f32(ids.dim(0), table.dim(1)));
    }

    @Override
    public void gradient(Backward at) {
        at.add(TABLE, at.graph.record(new Gradient(at.input(TABLE).dim(0)), at.input(IDS), at.upstream()));
    }

    /// `dtable[r]` is the sum of `dy[t]` over the t that picked row r: `ids` I32 `[tokens]` and `dy` `[tokens, dim]`
    /// give `[rows, dim]`, zero where no id points.
    public record Gradient(long rows) implements Op, Accumulate.Summand {
        public static final int IDS = 0, DY = 1;

        @Override
        public List<TensorType> results(List<Value> inputs) {
            Value dy = inputs.get(DY);
            Require.f32("embedding gradient", "dy", dy, 2);
            Require.ints("embedding gradient", "ids", inputs.get(IDS), dy.dim(0));
            return List.of(TensorType.f32(rows, dy.dim(1)));
        }
    }
}

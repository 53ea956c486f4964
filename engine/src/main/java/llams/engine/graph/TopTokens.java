package llams.engine.graph;

import java.util.List;
import java.util.function.IntPredicate;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;

/// What a model finds most likely to come next: with `logits = x weightᵀ / temperature`, for every counted token the
/// `count` ids of the largest logits, the largest first and of equal ones the lower id, and the log of each one's
/// probability, `logits[t, id] - logSumExp(logits[t])`. Logits exist for a few tokens at a time only.
///
/// Inputs: `x` `[tokens, dim]`, `weight` `[vocab, dim]`, `labels` I32 `[tokens]`, negative where a token is not counted:
/// its rows are zero. Results: `ids` I32 `[tokens, count]`, `logp` `[tokens, count]`. It has no gradient.
public record TopTokens(int count, double temperature) implements Op {
    public static final int X = 0, WEIGHT = 1, LABELS = 2;
    public static final int IDS = 0, LOGP = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Value weight = inputs.get(WEIGHT);
        Require.f32("top tokens", "x", x, 2);
        Require.weight("top tokens", "weight", weight, 2);
        Require.that(x.dim(1) == weight.dim(1), "top tokens: x %s and weight %s differ in dim", x.shape(),
                weight.shape());
        Require.ints("top tokens", "labels", inputs.get(LABELS), x.dim(0));
        Require.that(count > 0 && count <= weight.dim(0), "top tokens: %d of a vocabulary of %d", count, weight.dim(0));
        Shape shape = Shape.of(x.dim(0), count);
        return List.of(new TensorType(DType.I32, shape), new TensorType(DType.F32, shape));
    }

    @Override
    public List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        return LinearCrossEntropy.blocks(inputs.get(X), inputs.get(WEIGHT), true, false);
    }
}

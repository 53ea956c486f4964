package llams.engine.graph;

import java.util.List;
import java.util.function.IntPredicate;

/// The output head and the loss in one: `logits = x weightᵀ`, `tokenLoss[t] = logSumExp(logits[t]) - logits[t,
/// labels[t]]`, `loss = scale Σ tokenLoss`. Tokens with a negative label are not counted and cost nothing; logits exist
/// for a few tokens at a time only.
///
/// The gradients are made beside the loss, while those logits are at hand: with
/// `d[t] = scale (softmax(logits[t]) - onehot(labels[t]))`, zero where not counted, `dx = d weight` and `dweight = dᵀ
/// x`.
///
/// Inputs: `x` `[tokens, dim]`, `weight` `[vocab, dim]`, `labels` I32 `[tokens]` (the id to predict at t), `scale`
/// `[1]` (one over the counted tokens of the whole accumulated batch gives the mean). Results: `loss` `[1]`, and each
/// only where it is read: `tokenLoss` `[tokens]` (0 where not counted), `dx` `[tokens, dim]`, `dweight` `[vocab, dim]`.
public record LinearCrossEntropy() implements Differentiable {
    private static final int FIRST_GRADIENT = 2;
    public static final int WEIGHT_GRADIENT = 3;
    /// Logits of a block: 8 MB, what a cache holds; smaller slices would pack the rows of `x` more often than is worth
    /// it.
    private static final long LOGITS = 1 << 21;
    private static final long ROWS = 1024;
    /// The weight is read once per block and product: with fewer rows, reading it would take longer than multiplying.
    private static final long ROWS_OF_WHOLE_LOGITS = 512;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(0);
        Value weight = inputs.get(1);
        Checks.f32("linear cross entropy", "x", x, 2);
        Checks.weight("linear cross entropy", "weight", weight, 2);
        Checks.that(x.dim(1) == weight.dim(1), "linear cross entropy: x %s and weight %s differ in dim", x.shape(),
                weight.shape());
        Checks.ints("linear cross entropy", "labels", inputs.get(2), x.dim(0));
        Checks.scalar("linear cross entropy", "scale", inputs.get(3));
        return List.of(TensorType.f32(1), TensorType.f32(x.dim(0)), x.type(), TensorType.f32(weight.shape().dims()));
    }

    /// Rows of `x`, gathered without those that are not counted, and a block of logits: `[rows, dim]` and `[rows,
    /// words]`; where `dx` is read, also the rows' gradients.
    @Override
    public List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        long vocab = inputs.get(1).dim(0);
        long tokens = Math.max(1, inputs.get(0).dim(0));
        // A weight's gradient needs the probabilities themselves, so all logits of a token; else a slice of words at a
        // time will do.
        boolean isWhole = isRead.test(WEIGHT_GRADIENT);
        long rows = Math.min(tokens, isWhole ? Math.max(ROWS_OF_WHOLE_LOGITS, LOGITS / vocab) : ROWS);
        long words = isWhole ? vocab : Math.min(vocab, Math.max(1, LOGITS / rows));
        TensorType block = TensorType.f32(rows, inputs.get(0).dim(1));
        TensorType logits = TensorType.f32(rows, words);
        return isRead.test(FIRST_GRADIENT) ? List.of(block, logits, block) : List.of(block, logits);
    }

    @Override
    public boolean isOptional(int result) {
        return result > 0;
    }

    @Override
    public void gradient(Backward at) {
        Checks.that(at.upstream() instanceof Result seed && seed.node.op.equals(new Constant(1)),
                "linear cross entropy: its loss must be the one that is differentiated, not part of another");
        for (int i = 0; i < 2; i++) {
            if (at.wants(i)) {
                at.add(i, at.result(FIRST_GRADIENT + i));
            }
        }
    }
}

package llams.engine.graph;

import java.util.List;
import java.util.function.IntPredicate;

/// The output head and the loss in one: `logits = x weightᵀ`, `tokenLoss[t] = logSumExp(logits[t]) - logits[t,
/// labels[t]]`, `loss = Σ scale tokenLoss`. Tokens with a negative label are not counted and cost nothing; logits exist
/// for a few tokens at a time only.
///
/// The gradients are made beside the loss, while those logits are at hand: with
/// `d[t] = scale (softmax(logits[t]) - onehot(labels[t]))`, zero where not counted, `dx = d weight` and `dweight = dᵀ
/// x`.
///
/// Inputs: `x` `[tokens, dim]`, `weight` `[vocab, dim]`, `labels` I32 `[tokens]` (the id to predict at t), `scale`
/// `[1]` (one over the counted tokens of the whole accumulated batch gives the mean), or `[tokens]` for each its own. Results: `loss` `[1]`, and each
/// only where it is read: `tokenLoss` `[tokens]` (0 where not counted), `dx` `[tokens, dim]`, `dweight` `[vocab, dim]`.
public record LinearCrossEntropy() implements Differentiable, Accumulate.Summand {
    public static final int X = 0, WEIGHT = 1, LABELS = 2, SCALE = 3;
    public static final int LOSS = 0, TOKEN_LOSS = 1, DX = 2, DWEIGHT = 3;
    /// The workspace.
    public static final int ROWS = 0, LOGITS = 1, DROWS = 2;
    /// Logits of a block: 8 MB, what a cache holds; smaller slices would pack the rows of `x` more often than is worth
    /// it.
    private static final long BLOCK_LOGITS = 1 << 21;
    private static final long BLOCK_ROWS = 1024;
    /// The weight is read once per block and product: with fewer rows, reading it would take longer than multiplying.
    private static final long BLOCK_ROWS_OF_WHOLE_LOGITS = 512;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Value weight = inputs.get(WEIGHT);
        Require.f32("linear cross entropy", "x", x, 2);
        Require.weight("linear cross entropy", "weight", weight, 2);
        Require.that(x.dim(1) == weight.dim(1), "linear cross entropy: x %s and weight %s differ in dim", x.shape(),
                weight.shape());
        Require.ints("linear cross entropy", "labels", inputs.get(LABELS), x.dim(0));
        Value scale = inputs.get(SCALE);
        Require.type("linear cross entropy", "scale", scale, TensorType.f32(isOfEach(scale) ? x.dim(0) : 1));
        return List.of(TensorType.f32(1), TensorType.f32(x.dim(0)), x.type(), TensorType.f32(weight.shape().dims()));
    }

    @Override
    public List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        // A weight's gradient needs the probabilities themselves, so all logits of a token; otherwise a slice of the
        // vocabulary at a time will do.
        return blocks(inputs.get(X), inputs.get(WEIGHT), isRead.test(DWEIGHT), isRead.test(DX));
    }

    /// Rows of `x`, gathered without those that are not counted, and a block of logits: `[rows, dim]` and `[rows,
    /// width]`; where there are gradients of rows, these too.
    ///
    /// @param isWhole whether all logits of a token are needed at once
    static List<TensorType> blocks(Value x, Value weight, boolean isWhole, boolean hasGradients) {
        long vocab = weight.dim(0);
        long tokens = Math.max(1, x.dim(0));
        long rows = Math.min(tokens, isWhole ? Math.max(BLOCK_ROWS_OF_WHOLE_LOGITS, BLOCK_LOGITS / vocab) : BLOCK_ROWS);
        // Where a slice ends decides the order of sums: in training it must not depend on how many tokens there are.
        long width = isWhole ? vocab : Math.min(vocab, BLOCK_LOGITS / (hasGradients ? BLOCK_ROWS : rows));
        TensorType block = TensorType.f32(rows, x.dim(1));
        TensorType logits = TensorType.f32(rows, width);
        return hasGradients ? List.of(block, logits, block) : List.of(block, logits);
    }

    @Override
    public boolean isOptional(int result) {
        return result > LOSS;
    }

    private static boolean isOfEach(Value scale) {
        return scale.shape().rank() == 1 && scale.dim(0) != 1;
    }

    @Override
    public boolean isDifferentiable(int result) {
        return result == LOSS || result == TOKEN_LOSS;
    }

    /// Where a loss is built from the losses of tokens, how much each of them counts is known only after the forward
    /// pass: the logits are then computed again, with that as their scale.
    @Override
    public void gradient(Backward at) {
        if (at.upstream(TOKEN_LOSS) != null) {
            List<Result> again = at.graph.linearCrossEntropy(at.input(X), at.input(WEIGHT), at.input(LABELS),
                    at.upstream(TOKEN_LOSS));
            at.add(X, again.get(DX));
            at.add(WEIGHT, again.get(DWEIGHT));
        }
        if (at.upstream(LOSS) != null) {
            Require.that(at.upstream(LOSS) instanceof Result seed && seed.node.op.equals(new Constant(1)),
                    "linear cross entropy: its loss must be the one that is differentiated, not part of another");
            at.add(X, at.result(DX));
            at.add(WEIGHT, at.result(DWEIGHT));
        }
    }
}

package llams.engine.graph;

import java.util.List;
import java.util.function.IntPredicate;
import llams.engine.tensor.DType;

/// The output head and the loss of a model that learns from another one's probabilities too, in one. With `logits = x
/// weightᵀ`, `q[t] = softmax(logits[t] / T)`, and `p[t]` the teacher's probabilities at the same temperature T:
///
/// ```
/// crossEntropy[t] = logSumExp(logits[t]) - logits[t, labels[t]]
/// divergence[t]   = Σ over its ids i of p[t, i] log(p[t, i] / q[t, i]) + P log(P / Q)
/// loss            = Σ scale ((1 - ratio) crossEntropy[t] + ratio T² divergence[t])
/// ```
///
/// P and Q are what teacher and model leave for all other ids together: so nothing is made up about how the teacher
/// divides its rest, and the gradient leaves it to the model. With all ids of the vocabulary, where both are 0, it is
/// the Kullback-Leibler divergence. That loss is torchtune's, but for the teacher's entropy, a constant; T and the
/// factor T², which keeps gradients as large at every temperature, are from arXiv 1503.02531.
///
/// The gradients are made beside the loss: with `d[t] = scale ((1 - ratio) (softmax(logits[t]) - onehot(labels[t])) +
/// ratio T (q[t] - r[t]))`, where r is p for the teacher's ids and `P / Q q` for all others, `dx = d weight` and
/// `dweight = dᵀ x`.
///
/// Inputs: `x` `[tokens, dim]`, `weight` `[vocab, dim]`, `labels` I32 `[tokens]`, negative where a token is not counted,
/// `scale` `[1]`, and as [TopTokens] gives them the teacher's `ids` I32 `[tokens, count]` and `logp` `[tokens, count]`.
/// Results: `loss` `[1]`, and each only where it is read: `crossEntropy` and `divergence` `[tokens]` (0 where not
/// counted), `dx` `[tokens, dim]`, `dweight` `[vocab, dim]`.
public record LinearDistillation(double ratio, double temperature) implements Differentiable, Accumulate.Summand {
    public static final int X = 0, WEIGHT = 1, LABELS = 2, SCALE = 3, IDS = 4, LOGP = 5;
    public static final int LOSS = 0, CROSS_ENTROPY = 1, DIVERGENCE = 2, DX = 3, DWEIGHT = 4;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Value weight = inputs.get(WEIGHT);
        Require.f32("linear distillation", "x", x, 2);
        Require.weight("linear distillation", "weight", weight, 2);
        Require.that(x.dim(1) == weight.dim(1), "linear distillation: x %s and weight %s differ in dim", x.shape(),
                weight.shape());
        Require.ints("linear distillation", "labels", inputs.get(LABELS), x.dim(0));
        Require.scalar("linear distillation", "scale", inputs.get(SCALE));
        Value ids = inputs.get(IDS);
        Require.f32("linear distillation", "logp", inputs.get(LOGP), 2);
        Require.type("linear distillation", "ids", ids, new TensorType(DType.I32, inputs.get(LOGP).shape()));
        Require.that(ids.dim(0) == x.dim(0) && ids.dim(1) <= weight.dim(0),
                "linear distillation: ids %s do not fit x %s and weight %s", ids.shape(), x.shape(), weight.shape());
        TensorType ofTokens = TensorType.f32(x.dim(0));
        return List.of(TensorType.f32(1), ofTokens, ofTokens, x.type(), TensorType.f32(weight.shape().dims()));
    }

    @Override
    public List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        return LinearCrossEntropy.blocks(inputs.get(X), inputs.get(WEIGHT), true, isRead.test(DX));
    }

    @Override
    public boolean isOptional(int result) {
        return result > LOSS;
    }

    @Override
    public void gradient(Backward at) {
        Require.that(at.upstream() instanceof Result seed && seed.node.op.equals(new Constant(1)),
                "linear distillation: it must be the loss that is differentiated, not part of another");
        at.add(X, at.result(DX));
        at.add(WEIGHT, at.result(DWEIGHT));
    }
}

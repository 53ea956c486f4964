package llams.engine.graph;

import java.util.List;

/// The output head and the loss in one: `logits = x weightᵀ`, `tokenLoss[t] = logSumExp(logits[t]) - logits[t, labels[t]]`,
/// `loss = scale Σ tokenLoss`. Tokens with a negative label are not counted and cost nothing; logits exist for a few tokens
/// at a time only.
///
/// The gradients are made beside the loss, while those logits are at hand: with
/// `d[t] = scale (softmax(logits[t]) - onehot(labels[t]))`, zero where not counted, `dx = d weight` and `dweight = dᵀ x`.
///
/// Inputs: `x` `[tokens, dim]`, `weight` `[vocab, dim]`, `labels` I32 `[tokens]` (the id to predict at t), `scale` `[1]`
/// (one over the counted tokens of the whole accumulated batch gives the mean). Results: `loss` `[1]`, and each only where it
/// is read: `tokenLoss` `[tokens]` (0 where not counted), `dx` `[tokens, dim]`, `dweight` `[vocab, dim]`.
public record LinearCrossEntropy() implements Differentiable {
    private static final int FIRST_GRADIENT = 2;

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

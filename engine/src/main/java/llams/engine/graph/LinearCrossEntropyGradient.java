package llams.engine.graph;

import java.util.ArrayList;
import java.util.List;

/// The gradient of [LinearCrossEntropy]: with `d[t] = dloss scale (softmax(logits[t]) - onehot(labels[t]))`, zero where not
/// counted, `dx = d weight` and `dweight = dᵀ x`, each only if asked for. Logits are made again a few tokens at a time.
///
/// Inputs: `x`, `weight`, `labels`, `scale`, `logSumExp` `[tokens]`, `dloss` `[1]`. Results: `dx` then `dweight`, as asked.
public record LinearCrossEntropyGradient(boolean forX, boolean forWeight) implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.scalar("linear cross entropy gradient", "dloss", inputs.get(5));
        List<TensorType> types = new ArrayList<>();
        if (forX) {
            types.add(inputs.get(0).type());
        }
        if (forWeight) {
            types.add(new TensorType(inputs.get(0).dtype(), inputs.get(1).shape()));
        }
        return types;
    }
}

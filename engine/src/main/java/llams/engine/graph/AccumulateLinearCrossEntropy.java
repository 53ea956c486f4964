package llams.engine.graph;

import java.util.List;
import java.util.function.IntPredicate;

/// [LinearCrossEntropy] whose `dweight` is added to a state: it is as large as the weight, and stands nowhere else.
/// Inputs those of [LinearCrossEntropy], then `state` `[vocab, dim]`; results its first three.
public record AccumulateLinearCrossEntropy() implements Effect {
    private static final LinearCrossEntropy LOSS = new LinearCrossEntropy();

    @Override
    public List<TensorType> results(List<Value> inputs) {
        List<TensorType> results = LOSS.results(inputs);
        Checks.that(inputs.getLast().type().equals(results.getLast()),
                "accumulate linear cross entropy: the gradient is %s, the state %s", results.getLast(),
                inputs.getLast().type());
        return results.subList(0, results.size() - 1);
    }

    @Override
    public boolean isOptional(int result) {
        return LOSS.isOptional(result);
    }

    @Override
    public List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        return LOSS.workspace(inputs, result -> result == LinearCrossEntropy.WEIGHT_GRADIENT || isRead.test(result));
    }
}

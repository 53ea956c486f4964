package llams.engine.graph;

import java.util.List;

/// `state[ids[t]] += dy[t]`: the gradient of [Embedding] summed over micro-batches; rows that no id points to are not
/// touched. Inputs `state` `[rows, dim]`, then those of [EmbeddingGradient].
public record AccumulateEmbeddingGradient() implements Effect {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        TensorType gradient = new EmbeddingGradient(inputs.get(0).dim(0)).results(inputs.subList(1, 3)).getFirst();
        Checks.that(inputs.get(0).type().equals(gradient),
                "accumulate embedding gradient: the gradient is %s, the state %s", gradient, inputs.get(0).type());
        return List.of();
    }
}

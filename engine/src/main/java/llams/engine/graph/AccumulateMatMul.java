package llams.engine.graph;

import java.util.List;

/// `state += op(a) op(b)`: a weight's gradient summed over micro-batches without standing anywhere else. Inputs `state`
/// `[m, n]`, then those of [MatMul].
public record AccumulateMatMul(boolean transposeA, boolean transposeB) implements Effect {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        TensorType product = new MatMul(transposeA, transposeB).product(inputs.get(1), inputs.get(2));
        Checks.that(inputs.get(0).type().equals(product), "accumulate matmul: the product is %s, the state %s", product,
                inputs.get(0).type());
        return List.of();
    }
}

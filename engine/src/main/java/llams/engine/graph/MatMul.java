package llams.engine.graph;

import java.util.List;

/// `y = op(a) op(b)`, or `y = op(a) op(b) + c` with a third input, where op transposes if its flag says so (not both).
/// `a` and `b` may be of any weight type; `c` and the result are F32 `[m, n]`, summed in F32. A linear layer is `x
/// [tokens, in]` by `w [out, in]` transposed.
public record MatMul(boolean transposeA, boolean transposeB) implements Differentiable {
    /// The input that the product is added to, if there are so many.
    public static final int C = 2;

    public MatMul {
        Checks.that(!(transposeA && transposeB), "matmul: at most one side can be transposed");
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        TensorType product = product(inputs.get(0), inputs.get(1));
        Checks.that(inputs.size() <= C || inputs.get(C).type().equals(product), "matmul: the product is %s, c %s",
                product, inputs.getLast().type());
        return List.of(product);
    }

    TensorType product(Value a, Value b) {
        Checks.weight("matmul", "a", a, 2);
        Checks.weight("matmul", "b", b, 2);
        long inner = a.dim(transposeA ? 0 : 1);
        Checks.that(inner == b.dim(transposeB ? 1 : 0), "matmul: a%s %s and b%s %s do not meet in one inner dimension",
                transposeA ? " transposed" : "", a.shape(), transposeB ? " transposed" : "", b.shape());
        return TensorType.f32(a.dim(transposeA ? 1 : 0), b.dim(transposeB ? 0 : 1));
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(C);
    }

    /// For `y = a b`: `da = dy bᵀ`, `db = aᵀ dy`; with a side transposed, that side's gradient is the transpose of it.
    /// `dc = dy`.
    @Override
    public void gradient(Backward at) {
        Value a = at.input(0);
        Value b = at.input(1);
        Value dy = at.upstream();
        Graph g = at.graph;
        // A weight's gradient first: it goes into its sum at once, and the layer's input is free before its gradient is
        // made.
        if (at.wants(1)) {
            at.add(1, transposeB ? g.matMul(dy, true, a, false) : g.matMul(a, !transposeA, dy, false));
        }
        if (at.wants(0)) {
            at.add(0, transposeA ? g.matMul(b, false, dy, true) : g.matMul(dy, false, b, !transposeB));
        }
        if (at.inputs() > C && at.wants(C)) {
            at.add(C, dy);
        }
    }
}

package llams.engine.graph;

import java.util.List;

/// `y = op(a) op(b)`, where op transposes if its flag says so (not both). Either may be F32, BF16 or F16; the result is
/// F32 `[m, n]`, summed in F32. A linear layer is `x [tokens, in]` by `w [out, in]` transposed.
public record MatMul(boolean transposeA, boolean transposeB) implements Differentiable {
    public MatMul {
        Checks.that(!(transposeA && transposeB), "matmul: at most one side can be transposed");
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value a = inputs.get(0);
        Value b = inputs.get(1);
        Checks.weight("matmul", "a", a, 2);
        Checks.weight("matmul", "b", b, 2);
        long inner = a.dim(transposeA ? 0 : 1);
        Checks.that(inner == b.dim(transposeB ? 1 : 0), "matmul: a%s %s and b%s %s do not meet in one inner dimension",
                transposeA ? " transposed" : "", a.shape(), transposeB ? " transposed" : "", b.shape());
        return List.of(TensorType.f32(a.dim(transposeA ? 1 : 0), b.dim(transposeB ? 0 : 1)));
    }

    /// For `y = a b`: `da = dy bᵀ`, `db = aᵀ dy`; with a side transposed, that side's gradient is the transpose of it.
    @Override
    public void gradient(Backward at) {
        Value a = at.input(0);
        Value b = at.input(1);
        Value dy = at.upstream();
        Graph g = at.graph;
        if (at.wants(0)) {
            at.add(0, transposeA ? g.matMul(b, false, dy, true) : g.matMul(dy, false, b, !transposeB));
        }
        if (at.wants(1)) {
            at.add(1, transposeB ? g.matMul(dy, true, a, false) : g.matMul(a, !transposeA, dy, false));
        }
    }
}

package llams.engine.graph;

import java.util.List;

/// `y = op(a) op(b)`, or `y = op(a) op(b) + c` with a third input, where op transposes if its flag says so (not both).
/// All may be of any weight type; the result is F32 `[m, n]`, summed in F32. A linear layer is `x
/// [tokens, in]` by `w [out, in]` transposed.
public record MatMul(boolean transposeA, boolean transposeB) implements Differentiable, Accumulate.Summand {
    /// `C` is there only if the product is added to something.
    public static final int A = 0, B = 1, C = 2;

    public MatMul {
        Require.that(!(transposeA && transposeB), "matmul: at most one side can be transposed");
    }

    @Override
    public List<TensorType> results(List<Value> inputs) {
        TensorType product = product(inputs.get(A), inputs.get(B));
        if (inputs.size() > C) {
            Require.weight("matmul", "c", inputs.get(C), 2);
            Require.that(inputs.get(C).shape().equals(product.shape()), "matmul: the product is %s, c %s", product,
                    inputs.get(C).type());
        }
        return List.of(product);
    }

    private TensorType product(Value a, Value b) {
        Require.weight("matmul", "a", a, 2);
        Require.weight("matmul", "b", b, 2);
        long inner = a.dim(transposeA ? 0 : 1);
        Require.that(inner == b.dim(transposeB ? 1 : 0), "matmul: a%s %s and b%s %s do not meet in one inner dimension",
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
        Value a = at.input(A);
        Value b = at.input(B);
        Value dy = at.upstream();
        Graph g = at.graph;
        // A weight's gradient first: it goes into its sum at once, and the layer's input is free before its gradient is
        // made.
        if (at.wants(B)) {
            at.add(B, transposeB ? g.matMul(dy, true, a, false) : g.matMul(a, !transposeA, dy, false));
        }
        if (at.wants(A)) {
            at.add(A, transposeA ? g.matMul(b, false, dy, true) : g.matMul(dy, false, b, !transposeB));
        }
        if (at.inputs() > C) {
            at.add(C, dy);
        }
    }
}

package llams.engine.graph;

import java.util.List;

/// `y[t, o] = x[t, o] magnitude[o] / norm[o]`, all F32: `x` and the result `[tokens, out]`, `magnitude` and `norm`
/// `[out]`. The norm is a constant to the gradient (arXiv 2402.09353, section 4.3).
public record ScaleColumns() implements Differentiable {
    public static final int X = 0, MAGNITUDE = 1, NORM = 2;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Require.f32("scale columns", "x", x, 2);
        Require.type("scale columns", "magnitude", inputs.get(MAGNITUDE), TensorType.f32(x.dim(1)));
        Require.type("scale columns", "norm", inputs.get(NORM), TensorType.f32(x.dim(1)));
        return List.of(x.type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(X);
    }

    /// `dx = dy magnitude / norm`, `dmagnitude[o] = Σ dy[t, o] x[t, o] / norm[o]`.
    @Override
    public void gradient(Backward at) {
        if (at.wants(MAGNITUDE)) {
            at.add(MAGNITUDE, at.graph.record(new MagnitudeGradient(), at.input(X), at.upstream(), at.input(NORM)));
        }
        if (at.wants(X)) {
            at.add(X, at.graph.record(this, at.upstream(), at.input(MAGNITUDE), at.input(NORM)));
        }
    }

    /// Inputs `x`, `dy`, `norm`; the result `[out]`.
    public record MagnitudeGradient() implements Op, Accumulate.Summand {
        public static final int X = 0, DY = 1, NORM = 2;

        @Override
        public List<TensorType> results(List<Value> inputs) {
            Value x = inputs.get(X);
            Require.f32("magnitude gradient", "x", x, 2);
            Require.same("magnitude gradient", "x", x, "dy", inputs.get(DY));
            Require.type("magnitude gradient", "norm", inputs.get(NORM), TensorType.f32(x.dim(1)));
            return List.of(TensorType.f32(x.dim(1)));
        }
    }
}

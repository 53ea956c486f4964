package llams.engine.graph;

import java.util.List;

/// `y[t] = x[t] / sqrt(mean(x[t]²) + eps) * weight`: root-mean-square normalisation (arXiv 1910.07467). `x` is F32
/// `[tokens, dim]`, `weight` `[dim]` of any weight type.
public record RmsNorm(float eps) implements Differentiable {
    public static final int X = 0, WEIGHT = 1;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(X);
        Value weight = inputs.get(WEIGHT);
        Require.f32("rms norm", "x", x, 2);
        Require.weight("rms norm", "weight", weight, 1);
        Require.that(weight.dim(0) == x.dim(1), "rms norm: x %s and weight %s differ in dim", x.shape(),
                weight.shape());
        return List.of(x.type());
    }

    @Override
    public void gradient(Backward at) {
        if (at.wants(X)) {
            at.add(X, at.graph.record(new Gradient(eps), at.input(X), at.input(WEIGHT), at.upstream()));
        }
        if (at.wants(WEIGHT)) {
            at.add(WEIGHT, at.graph.record(new WeightGradient(eps), at.input(X), at.upstream()));
        }
    }

    /// The gradient for `x`: with `r = 1 / sqrt(mean(x²) + eps)` and `g = dy * weight`, `dx = r g - x r³ mean(g x)`.
    /// Inputs: those of [RmsNorm], then `dy`; the result `[tokens, dim]`.
    public record Gradient(float eps) implements Op {
        public static final int DY = 2;

        @Override
        public List<TensorType> results(List<Value> inputs) {
            Require.same("rms norm gradient", "x", inputs.get(X), "dy", inputs.get(DY));
            return new RmsNorm(eps).results(inputs);
        }

        @Override
        public List<Integer> overwritable(int result) {
            return List.of(DY);
        }
    }

    /// The gradient for `weight`: the sum over tokens of `dy * x / sqrt(mean(x²) + eps)`. Inputs `x`, `dy`; the result
    /// `[dim]`.
    public record WeightGradient(float eps) implements Op, Accumulate.Summand {
        public static final int X = 0, DY = 1;

        @Override
        public List<TensorType> results(List<Value> inputs) {
            Require.f32("rms norm weight gradient", "x", inputs.get(X), 2);
            Require.same("rms norm weight gradient", "x", inputs.get(X), "dy", inputs.get(DY));
            return List.of(TensorType.f32(inputs.get(X).dim(1)));
        }
    }
}

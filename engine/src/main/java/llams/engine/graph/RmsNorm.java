package llams.engine.graph;

import java.util.List;

/// `y[t] = x[t] / sqrt(mean(x[t]²) + eps) * weight`: root-mean-square normalisation (arXiv 1910.07467). `x` is F32
/// `[tokens, dim]`, `weight` `[dim]` of any weight type.
public record RmsNorm(float eps) implements Differentiable {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value x = inputs.get(0);
        Value weight = inputs.get(1);
        Checks.f32("rms norm", "x", x, 2);
        Checks.weight("rms norm", "weight", weight, 1);
        Checks.that(weight.dim(0) == x.dim(1), "rms norm: x %s and weight %s differ in dim", x.shape(), weight.shape());
        return List.of(x.type());
    }

    @Override
    public void gradient(Backward at) {
        if (at.wants(0)) {
            at.add(0, at.graph.record(new RmsNormGradient(eps), at.input(0), at.input(1), at.upstream()));
        }
        if (at.wants(1)) {
            at.add(1, at.graph.record(new RmsNormWeightGradient(eps), at.input(0), at.upstream()));
        }
    }
}

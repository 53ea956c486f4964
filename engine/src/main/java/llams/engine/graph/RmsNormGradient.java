package llams.engine.graph;

import java.util.List;

/// The gradient of [RmsNorm] for `x`: with `r = 1 / sqrt(mean(x²) + eps)` and `g = dy * weight`,
/// `dx = r g - x r³ mean(g x)`. Inputs `x`, `weight`, `dy`; the result `[tokens, dim]`.
public record RmsNormGradient(float eps) implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.same("rms norm gradient", "x", inputs.get(0), "dy", inputs.get(2));
        return List.of(inputs.get(0).type());
    }

    @Override
    public List<Integer> overwritable(int result) {
        return List.of(2);
    }
}

package llams.engine.graph;

import java.util.List;

/// The gradient of [RmsNorm] for `weight`: the sum over tokens of `dy * x / sqrt(mean(x²) + eps)`. Inputs `x`, `dy`;
/// the result `[dim]`.
public record RmsNormWeightGradient(float eps) implements Op {
    @Override
    public List<TensorType> results(List<Value> inputs) {
        Checks.same("rms norm weight gradient", "x", inputs.get(0), "dy", inputs.get(1));
        return List.of(TensorType.f32(inputs.get(0).dim(1)));
    }
}

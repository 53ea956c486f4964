package llams.engine.graph;

import java.util.List;

/// One AdamW update (arXiv 1711.05101), decoupled weight decay first: `p -= lr weightDecay p`; `m = beta1 m + (1 -
/// beta1) g`; `v = beta2 v + (1 - beta2) g²`; `p -= lr (m / c1) / (sqrt(v / c2) + eps)`. Before that, if the norm `n`
/// of all gradients exceeds `clip` (0 = never), `g` is scaled by `clip / (n + 1e-6)`; if it is not finite, nothing is
/// changed.
///
/// Inputs: `param` (updated), `m`, `v` (updated), `gradient`, all F32 of one shape; `squaredNorm` `[1]` of all
/// gradients together; `schedule` `[3]`: the learning rate, `c1 = 1 - beta1^t` and `c2 = 1 - beta2^t`, t from 1.
public record AdamW(double beta1, double beta2, double eps, double weightDecay, double clip) implements Effect {
    public static final int PARAM = 0, M = 1, V = 2, GRADIENT = 3, SQUARED_NORM = 4, SCHEDULE = 5;

    @Override
    public List<TensorType> results(List<Value> inputs) {
        Value param = inputs.get(PARAM);
        Require.f32("adamw", "param", param);
        Require.same("adamw", "param", param, "m", inputs.get(M));
        Require.same("adamw", "param", param, "v", inputs.get(V));
        Require.same("adamw", "param", param, "gradient", inputs.get(GRADIENT));
        Require.scalar("adamw", "squaredNorm", inputs.get(SQUARED_NORM));
        Require.type("adamw", "schedule", inputs.get(SCHEDULE), TensorType.f32(3));
        return List.of();
    }
}

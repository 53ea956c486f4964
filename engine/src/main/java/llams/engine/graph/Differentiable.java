package llams.engine.graph;

/// An op with a gradient.
public sealed interface Differentiable extends Op permits Add, Attention, Dropout, Embedding, LinearCrossEntropy,
        LinearDistillation, MatMul, Noise, PreferenceLoss, RmsNorm, Rope, Scale, ScaleColumns, SwiGlu {
    /// Records the ops that turn the gradients of the results into those of the inputs that are wanted.
    void gradient(Backward at);

    /// Whether a loss may be built from this result. Most others are by-products, such as a log-sum-exp.
    default boolean isDifferentiable(int result) {
        return result == 0;
    }
}

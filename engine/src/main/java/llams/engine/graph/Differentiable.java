package llams.engine.graph;

/// An op with a gradient.
public sealed interface Differentiable extends Op
        permits Add, Attention, Dropout, Embedding, LinearCrossEntropy, MatMul, RmsNorm, Rope, Scale, SwiGlu {
    /// Records the ops that turn the gradients of the results into those of the inputs that are wanted.
    void gradient(Backward at);
}

package llams.engine.graph;

import java.util.List;

/// The closed set of what a device can do. An op is a record of its constants; what it reads stands in the [Node].
/// Every device is an exhaustive switch over this type, so a new op does not compile until each device has it.
public sealed interface Op permits Differentiable, Effect, AttentionGradient, Constant, EmbeddingGradient,
        LinearCrossEntropyGradient, RmsNormGradient, RmsNormWeightGradient, SquaredNorm, SwiGluGradient {
    /// The types of the results.
    ///
    /// @throws IllegalArgumentException if the inputs do not fit; says which, and how
    List<TensorType> results(List<Value> inputs);
}

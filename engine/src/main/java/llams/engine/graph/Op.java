package llams.engine.graph;

import java.util.List;
import java.util.function.IntPredicate;

/// The closed set of what a device can do. An op is a record of its constants; what it reads stands in the [Node], at
/// the places that the op names: `inputs.get(Attention.Q)`. Every device is an exhaustive switch over this type, so a
/// new op does not compile until each device has it.
public sealed interface Op
        permits Differentiable, Effect, Attention.Gradient, Constant, Embedding.Gradient, RmsNorm.Gradient,
        RmsNorm.WeightGradient, RowNorm, ScaleColumns.MagnitudeGradient, SquaredNorm, SwiGlu.Gradient, TopTokens {
    /// The types of the results.
    ///
    /// @throws IllegalArgumentException if the inputs do not fit; says which, and how
    List<TensorType> results(List<Value> inputs);

    /// True for a result that is only computed where something reads it.
    default boolean isOptional(int result) {
        return false;
    }

    /// Memory that the op works in while it runs, in addition to what it reads and makes: planned, and so counted, like
    /// a result that ends where it begins.
    ///
    /// @param isRead which results something reads
    default List<TensorType> workspace(List<Value> inputs, IntPredicate isRead) {
        return List.of();
    }

    /// The inputs whose memory a result may take, where nothing reads them afterwards; no input is offered to two
    /// results.
    default List<Integer> overwritable(int result) {
        return List.of();
    }

    /// As people read it: `RmsNorm.Gradient`.
    default String name() {
        String name = getClass().getName();
        return name.substring(name.lastIndexOf('.') + 1).replace('$', '.');
    }
}

package llams.engine.llama;

import llams.engine.graph.Leaf;

/// Where a model's leaves come from: frozen weights of a checkpoint, or state that is trained.
@FunctionalInterface
public interface Parameters {
    /// The leaf of this checkpoint name and shape.
    ///
    /// @throws IllegalArgumentException if there is none, or it has another shape
    Leaf leaf(String name, long... dims);
}

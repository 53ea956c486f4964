package llams.engine.graph;

import java.util.List;

/// Why a node stands in a graph, for those who study it. Nothing that is computed depends on it.
public sealed interface Origin {
    /// It was called for: by the model, the loss or the optimizer.
    record Recorded() implements Origin {}

    /// It is part of the gradient of another, or of what is done with that.
    record GradientOf(Node node) implements Origin {}

    /// It computes another again in the backward pass, instead of keeping its results.
    record CopyOf(Node node) implements Origin {}

    /// It does the work of several, the first of which names its results.
    record Fused(List<Node> nodes) implements Origin {}
}

package llams.engine.graph;

import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;

/// A value from outside the graph, known by its name: the same leaf may stand in many graphs, and graphs that run in
/// one session share its memory.
public record Leaf(Kind kind, String name, TensorType type) implements Value {
    public enum Kind {
        /// Set before each run: ids, positions, labels, the learning rate.
        INPUT,
        /// Read only and resident: frozen weights, tables.
        WEIGHT,
        /// Resident and changed by ops: trained parameters, their gradients and moments, the KV cache.
        STATE
    }

    public static Leaf input(String name, DType dtype, long... dims) {
        return new Leaf(Kind.INPUT, name, new TensorType(dtype, Shape.of(dims)));
    }

    public static Leaf weight(String name, DType dtype, long... dims) {
        return new Leaf(Kind.WEIGHT, name, new TensorType(dtype, Shape.of(dims)));
    }

    public static Leaf state(String name, DType dtype, long... dims) {
        return new Leaf(Kind.STATE, name, new TensorType(dtype, Shape.of(dims)));
    }
}

package llams.engine.graph;

/// One of the results of a [Node].
public final class Result implements Value {
    public final Node node;
    public final int index;
    private final TensorType type;
    private String name;

    Result(Node node, int index, TensorType type) {
        this.node = node;
        this.index = index;
        this.type = type;
    }

    @Override
    public TensorType type() {
        return type;
    }

    /// What [Graph#tap] calls it; `gradient.NAME` for the gradient of a value of that name; else null.
    public String name() {
        return name;
    }

    /// Gives it a name, unless it has one.
    void name(String given) {
        name = name == null ? given : name;
    }

    /// As `RmsNorm:0 F32 [5, 64]`.
    @Override
    public String toString() {
        return node.op.name() + ":" + index + " " + type;
    }
}

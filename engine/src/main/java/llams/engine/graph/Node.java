package llams.engine.graph;

import java.util.ArrayList;
import java.util.List;

/// One recorded op: what it reads and what it makes.
public final class Node {
    public final Op op;
    public final List<Value> inputs;
    public final List<Result> results;
    /// The recomputable block it belongs to, or -1.
    public final int block;
    public final Origin origin;

    public Node(Op op, List<Value> inputs, int block, Origin origin) {
        this.op = op;
        this.inputs = List.copyOf(inputs);
        this.block = block;
        this.origin = origin;
        List<Result> made = new ArrayList<>();
        for (TensorType type : op.results(this.inputs)) {
            made.add(new Result(this, made.size(), type));
        }
        this.results = List.copyOf(made);
    }

    /// What [Graph#tap] calls a result, also where it comes from a node that this one does the work of; else null.
    public String name(int result) {
        String own = results.get(result).name();
        return own == null && origin instanceof Origin.Fused(List<Node> nodes)
                && result < nodes.getFirst().results.size() ? nodes.getFirst().name(result) : own;
    }
}

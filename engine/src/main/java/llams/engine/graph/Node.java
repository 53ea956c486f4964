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

    public Node(Op op, List<Value> inputs, int block) {
        this.op = op;
        this.inputs = List.copyOf(inputs);
        this.block = block;
        List<Result> made = new ArrayList<>();
        for (TensorType type : op.results(this.inputs)) {
            made.add(new Result(this, made.size(), type));
        }
        this.results = List.copyOf(made);
    }
}

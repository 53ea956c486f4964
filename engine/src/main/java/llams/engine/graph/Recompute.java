package llams.engine.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Activation checkpointing (arXiv 1604.06174) as a graph rewrite: when the backward pass first enters a block, the block's
/// forward is recorded again, and the gradients read those values. The first ones are then free as soon as the forward pass
/// has left the block; only what enters the block is kept.
final class Recompute {
    private final Graph graph;
    private final List<Node> forward;
    private final Map<Value, Value> copies = new HashMap<>();
    private int current = -1;

    Recompute(Graph graph, List<Node> forward) {
        this.graph = graph;
        this.forward = forward;
    }

    /// The recomputed stand-ins of a block's values; a value from outside the block stands for itself.
    List<Value> remade(int block, List<? extends Value> values) {
        if (block != current) {
            copies.clear();
            current = block;
            for (Node node : forward) {
                if (node.block == block) {
                    remake(node);
                }
            }
        }
        List<Value> made = new ArrayList<>();
        for (Value value : values) {
            made.add(copies.getOrDefault(value, value));
        }
        return made;
    }

    private void remake(Node node) {
        Checks.that(!(node.op instanceof Effect), "recompute: a block with %s cannot be run twice", node.op);
        Value[] inputs = node.inputs.stream().map(value -> copies.getOrDefault(value, value)).toArray(Value[]::new);
        Node copy = graph.recordNode(node.op, inputs);
        for (int i = 0; i < node.results.size(); i++) {
            copies.put(node.results.get(i), copy.results.get(i));
        }
    }
}

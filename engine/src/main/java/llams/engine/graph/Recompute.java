package llams.engine.graph;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// Activation checkpointing (arXiv 1604.06174) as a graph rewrite: values of a block's forward are recorded again
/// inside the backward pass, and the gradients read those. The original ones are then free as soon as the forward pass
/// has used them.
///
/// Norms, SwiGLU and dropout take one pass over memory and are always computed again, when a gradient first reads them:
/// in training a 60M model, that saves a third of all activations for a hundredth of the time. With `isWhole`, so is
/// everything else, when the backward pass first enters the block; only what enters the block is kept.
final class Recompute {
    private final Graph graph;
    private final List<Node> forward;
    private final boolean isWhole;
    private final Map<Value, Value> copies = new HashMap<>();
    private int current = -1;

    Recompute(Graph graph, List<Node> forward, boolean isWhole) {
        this.graph = graph;
        this.forward = forward;
        this.isWhole = isWhole;
    }

    /// The stand-ins of values that the gradient of a block's node reads; a value that was kept stands for itself.
    List<Value> remade(int block, List<? extends Value> values) {
        if (block != current) {
            copies.clear();
            current = block;
            for (Node node : forward) {
                if (isWhole && node.block == block) {
                    remake(node);
                }
            }
        }
        List<Value> made = new ArrayList<>();
        for (Value value : values) {
            made.add(remade(value));
        }
        return made;
    }

    private Value remade(Value value) {
        if (!isWhole && value instanceof Result result && result.node.block == current && isCheap(result.node.op)
                && !copies.containsKey(value)) {
            remake(result.node);
        }
        return copies.getOrDefault(value, value);
    }

    private static boolean isCheap(Op op) {
        return op instanceof RmsNorm || op instanceof SwiGlu || op instanceof Dropout;
    }

    private void remake(Node node) {
        Require.that(!(node.op instanceof Effect), "recompute: a block with %s cannot be run twice", node.op);
        Value[] inputs = node.inputs.stream().map(this::remade).toArray(Value[]::new);
        graph.from(new Origin.CopyOf(node), () -> graph.recordNode(node.op, inputs));
        Node copy = graph.nodes.getLast();
        for (int i = 0; i < node.results.size(); i++) {
            copies.put(node.results.get(i), copy.results.get(i));
        }
    }
}

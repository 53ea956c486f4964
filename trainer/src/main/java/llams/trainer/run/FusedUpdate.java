package llams.trainer.run;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.SquaredNorm;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.tensor.DType;
import llams.trainer.optim.Optimizer;

/// Updates every parameter within the backward pass, as soon as its gradient is complete and nothing below reads the
/// parameter any more. The gradient is used up then, and the next one takes its memory: all of them need that of the
/// largest. What is computed is the same, bit for bit, as with an update at the end; but a clip needs all gradients first,
/// and accumulated ones are complete only after the last micro-batch.
final class FusedUpdate {
    private final Graph graph;
    private final Optimizer optimizer;
    private final int seed;
    private final long rowLength;
    /// Parts of each gradient that are yet to come: one from each op that reads the parameter.
    private final Map<Leaf, Integer> missing = new HashMap<>();
    private final Map<Leaf, Value> norms = new HashMap<>();
    /// The parameter whose gradient came last, if it is complete: the op that it came from may yet read the parameter.
    private Leaf due;

    /// @param graph the forward pass
    FusedUpdate(Graph graph, Optimizer optimizer, int seed, long rowLength) {
        this.graph = graph;
        this.optimizer = optimizer;
        this.seed = seed;
        this.rowLength = rowLength;
        for (Node node : graph.nodes) {
            for (Value input : node.inputs) {
                if (input instanceof Leaf leaf) {
                    missing.merge(leaf, 1, Integer::sum);
                }
            }
        }
    }

    /// Adds a part of a parameter's gradient.
    void add(Leaf parameter, Value part) {
        updateDue();
        graph.accumulate(Optimizer.gradient(parameter), part, rowLength);
        if (missing.merge(parameter, -1, Integer::sum) == 0) {
            due = parameter;
        }
    }

    private void updateDue() {
        if (due != null) {
            Value norm = graph.record(new SquaredNorm(), Optimizer.gradient(due));
            norms.put(due, norm);
            optimizer.update(graph, due, norm, seed);
            due = null;
        }
    }

    /// Makes the last update. Returns the squared norm `[1]` of all gradients, summed as by an update at the end.
    Value end(List<Leaf> parameters) {
        updateDue();
        return parameters.stream().map(norms::get).reduce(graph::add).orElseThrow();
    }

    /// Whether a parameter's gradient shares its memory with others: not if another is made between two parts of it.
    static boolean isShared(Llama model, Leaf parameter) {
        return !(model.config().tied() && parameter.name().equals(Llama.EMBEDDING));
    }

    /// Bytes of the memory that gradients share.
    static long sharedBytes(Llama model, List<Leaf> parameters) {
        return parameters.stream()
                .filter(parameter -> isShared(model, parameter))
                .mapToLong(parameter -> DType.F32.bytes(parameter.shape().elements()))
                .max()
                .orElse(0);
    }
}

package llams.engine.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/// Reverse-mode differentiation: extends a graph by the ops that compute gradients. Only what `wanted` needs is recorded:
/// frozen weights get no gradient, and nothing below the lowest wanted leaf is visited.
public final class Autodiff {
    private final Graph graph;
    private final Set<Value> dependent;
    private final Map<Value, Value> gradients = new HashMap<>();

    private Autodiff(Graph graph, Set<Value> dependent) {
        this.graph = graph;
        this.dependent = dependent;
    }

    /// Records the gradient of `loss`, a `[1]`, with respect to each wanted leaf.
    ///
    /// @param recompute true to make the inner values of each block of [Graph#recomputable] again instead of keeping them
    /// @throws IllegalArgumentException if the loss does not depend on a wanted leaf, naming it
    public static Map<Leaf, Value> gradients(Graph graph, Value loss, Collection<Leaf> wanted, boolean recompute) {
        Checks.scalar("gradients", "loss", loss);
        List<Node> forward = List.copyOf(graph.nodes);
        Autodiff autodiff = new Autodiff(graph, dependents(forward, wanted));
        Recompute again = recompute ? new Recompute(graph, forward) : null;
        autodiff.gradients.put(loss, graph.record(new Constant(1)));
        for (Node node : forward.reversed()) {
            autodiff.visit(node, again);
        }
        Map<Leaf, Value> found = new LinkedHashMap<>();
        for (Leaf leaf : wanted) {
            Value gradient = autodiff.gradients.get(leaf);
            Checks.that(gradient != null, "gradients: the loss does not depend on \"%s\"", leaf.name());
            found.put(leaf, gradient);
        }
        return found;
    }

    private static Set<Value> dependents(List<Node> nodes, Collection<Leaf> wanted) {
        Set<Value> dependent = new HashSet<>(wanted);
        for (Node node : nodes) {
            if (node.inputs.stream().anyMatch(dependent::contains)) {
                dependent.addAll(node.results);
            }
        }
        return dependent;
    }

    private void visit(Node node, Recompute again) {
        List<Value> upstream = new ArrayList<>();
        for (Result result : node.results) {
            upstream.add(gradients.get(result));
        }
        if (upstream.stream().noneMatch(gradient -> gradient != null)) {
            return;
        }
        Checks.that(node.op instanceof Differentiable && upstream.getFirst() != null,
                "gradients: no gradient is defined through %s", node.results);
        List<Value> inputs = node.inputs;
        List<? extends Value> results = node.results;
        if (again != null && node.block >= 0) {
            inputs = again.remade(node.block, inputs);
            results = again.remade(node.block, results);
        }
        ((Differentiable) node.op)
                .gradient(new Backward(graph, this, node.inputs, inputs, List.copyOf(results), upstream));
    }

    boolean wants(Value value) {
        return dependent.contains(value);
    }

    void add(Value value, Value gradient) {
        gradients.merge(value, gradient, graph::add);
    }
}

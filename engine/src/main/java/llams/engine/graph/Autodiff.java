package llams.engine.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;

/// Reverse-mode differentiation: extends a graph by the ops that compute gradients. Only what the
/// gradients of the given leaves need is recorded: frozen weights get none, and nothing below the lowest of the leaves
/// is visited.
public final class Autodiff {
    private final Graph graph;
    private final Set<Value> dependent;
    private final Map<Value, Value> gradients = new HashMap<>();
    private final Set<Leaf> leaves;
    private final BiConsumer<Leaf, Value> sink;

    private Autodiff(Graph graph, Set<Value> dependent, Set<Leaf> leaves, BiConsumer<Leaf, Value> sink) {
        this.graph = graph;
        this.dependent = dependent;
        this.leaves = leaves;
        this.sink = sink;
    }

    /// Records the gradient of `loss`, a `[1]`, with respect to each of these leaves.
    ///
    /// @param recompute true to compute all inner values of each block of [Graph#recomputable] again instead of keeping
    ///                  them; false for only those that cost next to nothing
    /// @throws IllegalArgumentException if the loss does not depend on one of the leaves, naming it
    public static Map<Leaf, Value> gradients(Graph graph, Value loss, Collection<Leaf> leaves, boolean recompute) {
        Map<Leaf, Value> sums = new LinkedHashMap<>();
        contributions(graph, loss, leaves, recompute, (leaf, part) -> sums.merge(leaf, part, graph::add));
        return sums;
    }

    /// Records the gradient of `loss`, a `[1]`, part by part: a leaf that several ops read gets one part from each, and
    /// the gradient is their sum. Each part goes to `sink` as soon as it is recorded, so that it need not be kept.
    ///
    /// @param isWhole `recompute` of [#gradients]
    /// @throws IllegalArgumentException as [#gradients]
    public static void contributions(Graph graph, Value loss, Collection<Leaf> leaves, boolean isWhole,
            BiConsumer<Leaf, Value> sink) {
        Require.scalar("gradients", "loss", loss);
        List<Node> forward = List.copyOf(graph.nodes);
        Set<Leaf> missing = new LinkedHashSet<>(leaves);
        Autodiff autodiff = new Autodiff(graph, dependents(forward, leaves), Set.copyOf(leaves), (leaf, part) -> {
            missing.remove(leaf);
            sink.accept(leaf, part);
        });
        Recompute recompute = new Recompute(graph, forward, isWhole);
        autodiff.gradients.put(loss, graph.record(new Constant(1)));
        for (Node node : forward.reversed()) {
            graph.from(new Origin.GradientOf(node), () -> autodiff.visit(node, recompute));
        }
        // A sum and its last summand have the same gradient; it is named after the sum.
        for (Map.Entry<String, Value> tap : List.copyOf(graph.taps().entrySet()).reversed()) {
            if (autodiff.gradients.get(tap.getValue()) instanceof Result gradient) {
                gradient.name("gradient." + tap.getKey());
            }
        }
        Require.that(missing.isEmpty(), "gradients: the loss does not depend on \"%s\"",
                missing.stream().map(Leaf::name).findFirst().orElse(""));
    }

    private static Set<Value> dependents(List<Node> nodes, Collection<Leaf> leaves) {
        Set<Value> dependent = new HashSet<>(leaves);
        for (Node node : nodes) {
            if (node.inputs.stream().anyMatch(dependent::contains)) {
                dependent.addAll(node.results);
            }
        }
        return dependent;
    }

    private void visit(Node node, Recompute recompute) {
        List<Value> upstream = new ArrayList<>();
        for (Result result : node.results) {
            upstream.add(gradients.get(result));
        }
        if (upstream.stream().noneMatch(gradient -> gradient != null)) {
            return;
        }
        for (int i = 0; i < upstream.size(); i++) {
            Require.that(upstream.get(i) == null || node.op instanceof Differentiable op && op.isDifferentiable(i),
                    "gradients: no gradient is defined through %s", node.results);
        }
        List<Value> inputs = node.inputs;
        List<? extends Value> results = node.results;
        if (node.block >= 0) {
            inputs = recompute.remade(node.block, inputs);
            results = recompute.remade(node.block, results);
        }
        ((Differentiable) node.op)
                .gradient(new Backward(graph, this, node.inputs, inputs, List.copyOf(results), upstream));
    }

    boolean wants(Value value) {
        return dependent.contains(value);
    }

    void add(Value value, Value gradient) {
        if (value instanceof Leaf leaf && leaves.contains(leaf)) {
            sink.accept(leaf, gradient);
        } else {
            gradients.merge(value, gradient, graph::add);
        }
    }
}

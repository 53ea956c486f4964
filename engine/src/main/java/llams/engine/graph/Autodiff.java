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

/// Reverse-mode differentiation: extends a graph by the ops that compute gradients. Only what `wanted` needs is
/// recorded: frozen weights get no gradient, and nothing below the lowest wanted leaf is visited.
public final class Autodiff {
    private final Graph graph;
    private final Set<Value> dependent;
    private final Map<Value, Value> gradients = new HashMap<>();
    private final Set<Leaf> wanted;
    private final BiConsumer<Leaf, Value> sink;

    private Autodiff(Graph graph, Set<Value> dependent, Set<Leaf> wanted, BiConsumer<Leaf, Value> sink) {
        this.graph = graph;
        this.dependent = dependent;
        this.wanted = wanted;
        this.sink = sink;
    }

    /// Records the gradient of `loss`, a `[1]`, with respect to each wanted leaf.
    ///
    /// @param recompute true to make all inner values of each block of [Graph#recomputable] again instead of keeping
    ///                  them; else only those that cost next to nothing
    /// @throws IllegalArgumentException if the loss does not depend on a wanted leaf, naming it
    public static Map<Leaf, Value> gradients(Graph graph, Value loss, Collection<Leaf> wanted, boolean recompute) {
        Map<Leaf, Value> sums = new LinkedHashMap<>();
        contributions(graph, loss, wanted, recompute, (leaf, part) -> sums.merge(leaf, part, graph::add));
        return sums;
    }

    /// Records the gradient of `loss`, a `[1]`, part by part: a leaf that several ops read gets one part from each, and
    /// the gradient is their sum. Each part goes to `sink` as soon as it is recorded, so that nobody need keep it.
    ///
    /// @throws IllegalArgumentException as [#gradients]
    public static void contributions(Graph graph, Value loss, Collection<Leaf> wanted, boolean recompute,
            BiConsumer<Leaf, Value> sink) {
        Require.scalar("gradients", "loss", loss);
        List<Node> forward = List.copyOf(graph.nodes);
        Set<Leaf> missing = new LinkedHashSet<>(wanted);
        Autodiff autodiff = new Autodiff(graph, dependents(forward, wanted), Set.copyOf(wanted), (leaf, part) -> {
            missing.remove(leaf);
            sink.accept(leaf, part);
        });
        Recompute again = new Recompute(graph, forward, recompute);
        autodiff.gradients.put(loss, graph.record(new Constant(1)));
        for (Node node : forward.reversed()) {
            autodiff.visit(node, again);
        }
        Require.that(missing.isEmpty(), "gradients: the loss does not depend on \"%s\"",
                missing.stream().map(Leaf::name).findFirst().orElse(""));
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
        Require.that(node.op instanceof Differentiable && upstream.getFirst() != null,
                "gradients: no gradient is defined through %s", node.results);
        List<Value> inputs = node.inputs;
        List<? extends Value> results = node.results;
        if (node.block >= 0) {
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
        if (value instanceof Leaf leaf && wanted.contains(leaf)) {
            sink.accept(leaf, gradient);
        } else {
            gradients.merge(value, gradient, graph::add);
        }
    }
}

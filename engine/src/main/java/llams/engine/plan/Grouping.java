package llams.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.MatMul;
import llams.engine.graph.Node;
import llams.engine.graph.Result;
import llams.engine.graph.Scale;
import llams.engine.graph.Value;

/// Puts products that a device can run as one next to each other, in two steps. A product that only another is computed
/// onto, as an adapter's is onto `x Wᵀ`, moves to just before it. Products with the same left side, as those of queries,
/// keys and values, move up to the first of them.
final class Grouping {
    private final Uses uses;
    private final Set<Node> done = new HashSet<>();
    private final List<List<Node>> groups = new ArrayList<>();

    private Grouping(Uses uses) {
        this.uses = uses;
    }

    /// @param nodes   in their order
    /// @param outputs values that are read from outside
    /// @return the nodes in their new order; those of one group may run at the same time, except that each sum follows
    ///             what it is computed onto
    static List<List<Node>> of(List<Node> nodes, Collection<? extends Value> outputs) {
        Grouping grouping = new Grouping(Uses.of(nodes, outputs));
        grouping.group(grouping.sums(nodes));
        return grouping.groups;
    }

    /// Every node with the products below it that nothing else reads, these first.
    private Collection<List<Node>> sums(List<Node> nodes) {
        Map<Node, List<Node>> sums = new LinkedHashMap<>();
        for (Node node : nodes) {
            List<Node> sum = new ArrayList<>();
            if (node.op instanceof MatMul && node.inputs.size() > MatMul.C
                    && node.inputs.get(MatMul.C) instanceof Result below && below.node.op instanceof MatMul
                    && uses.isReadOnce(below)
                    && sums.get(below.node).stream().allMatch(part -> uses.canMove(part, node))) {
                sum.addAll(sums.remove(below.node));
            }
            sum.add(node);
            sums.put(node, sum);
        }
        return sums.values();
    }

    private void group(Collection<List<Node>> sums) {
        Map<Value, List<List<Node>>> byLeft = new HashMap<>();
        for (List<Node> sum : sums) {
            if (isProduct(sum)) {
                byLeft.computeIfAbsent(left(sum), _ -> new ArrayList<>()).add(sum);
            }
        }
        for (List<Node> sum : sums) {
            if (!done.contains(sum.getLast())) {
                List<Node> group = new ArrayList<>(sum);
                if (isProduct(sum)) {
                    byLeft.get(left(sum))
                            .stream()
                            .filter(other -> other != sum && !done.contains(other.getLast()))
                            .forEach(other -> join(group, other));
                }
                emit(group);
            }
        }
    }

    private static boolean isProduct(List<Node> sum) {
        return sum.getFirst().op instanceof MatMul;
    }

    private static Value left(List<Node> sum) {
        return sum.getFirst().inputs.get(MatMul.A);
    }

    /// Adds a sum to a group if everything it reads exists before the group, or takes only a [Scale] to exist.
    private void join(List<Node> group, List<Node> sum) {
        if (!sum.stream().allMatch(node -> uses.canMove(node, group.getFirst()))) {
            return;
        }
        Set<Node> before = new LinkedHashSet<>();
        for (Node node : sum) {
            for (Value input : node.inputs) {
                if (input instanceof Result result && !isThere(input) && !sum.contains(result.node)) {
                    if (!(result.node.op instanceof Scale) || !isThere(result.node.inputs.get(Scale.X))) {
                        return;
                    }
                    before.add(result.node);
                }
            }
        }
        before.forEach(node -> emit(List.of(node)));
        group.addAll(sum);
    }

    private boolean isThere(Value value) {
        return value instanceof Result result ? done.contains(result.node) : !uses.isChanged(value);
    }

    private void emit(List<Node> group) {
        done.addAll(group);
        groups.add(group);
    }
}

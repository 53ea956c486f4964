package llams.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Effect;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.Value;

/// How often each value is read, and which leaves some op changes, and where.
///
/// @param places  of the nodes, in their order
/// @param changes places of the nodes that change a leaf, rising
record Uses(Map<Value, Integer> counts, Map<Node, Integer> places, Map<Value, List<Integer>> changes) {
    /// @param outputs values that are also read from outside, so never by one reader alone
    static Uses of(List<Node> nodes, Collection<? extends Value> outputs) {
        Uses uses = new Uses(new HashMap<>(), new HashMap<>(), new HashMap<>());
        outputs.forEach(output -> uses.counts.merge(output, 2, Integer::sum));
        for (Node node : nodes) {
            int place = uses.places.size();
            uses.places.put(node, place);
            node.inputs.forEach(input -> uses.counts.merge(input, 1, Integer::sum));
            if (node.op instanceof Effect) {
                node.inputs.stream()
                        .filter(Leaf.class::isInstance)
                        .forEach(leaf -> uses.changes.computeIfAbsent(leaf, _ -> new ArrayList<>()).add(place));
            }
        }
        return uses;
    }

    boolean isReadOnce(Value value) {
        return counts.get(value) == 1;
    }

    boolean isChanged(Value leaf) {
        return changes.containsKey(leaf);
    }

    /// True if no leaf that the node reads changes between it and the other, so that it can run beside that.
    boolean canMove(Node node, Node to) {
        int one = places.get(node);
        int other = places.get(to);
        for (Value input : node.inputs) {
            for (int change : changes.getOrDefault(input, List.of())) {
                if (change > Math.min(one, other) && change < Math.max(one, other)) {
                    return false;
                }
            }
        }
        return true;
    }
}

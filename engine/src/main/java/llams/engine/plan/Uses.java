package llams.engine.plan;

import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.graph.Effect;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.Value;

/// How often each value is read, and which leaves some op changes.
record Uses(Map<Value, Integer> counts, Set<Value> changed) {
    /// @param outputs values that are also read from outside, so never by one reader alone
    static Uses of(List<Node> nodes, Collection<? extends Value> outputs) {
        Uses uses = new Uses(new HashMap<>(), new HashSet<>());
        outputs.forEach(output -> uses.counts.merge(output, 2, Integer::sum));
        for (Node node : nodes) {
            node.inputs.forEach(input -> uses.counts.merge(input, 1, Integer::sum));
            if (node.op instanceof Effect) {
                node.inputs.stream().filter(Leaf.class::isInstance).forEach(uses.changed::add);
            }
        }
        return uses;
    }

    boolean isReadOnce(Value value) {
        return counts.get(value) == 1;
    }

    /// True if the node reads no leaf that changes, so that it can run earlier or later.
    boolean isConstantFor(Node node) {
        return node.inputs.stream().noneMatch(changed::contains);
    }
}

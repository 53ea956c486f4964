package llams.engine.graph;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/// How long each result of a program is needed. Results that may take the memory of an input share its interval.
///
/// @param intervalOf  of each result that needs a place
/// @param workspaceOf of each node that works in memory of its own
/// @param intervals   without repetition
record Lifetimes(Map<Result, Slab.Interval> intervalOf, Map<Node, List<Workspace>> workspaceOf,
        List<Slab.Interval> intervals) {
    private static final long ALIGNMENT = 64;

    /// A piece of a node's workspace.
    record Workspace(TensorType type, Slab.Interval interval) {
    }

    static Lifetimes of(List<Node> nodes, Collection<? extends Value> outputs) {
        Map<Value, Integer> lastUse = new HashMap<>();
        for (int step = 0; step < nodes.size(); step++) {
            for (Value input : nodes.get(step).inputs) {
                lastUse.put(input, step);
            }
        }
        outputs.forEach(output -> lastUse.put(output, nodes.size()));
        Lifetimes lifetimes = new Lifetimes(new LinkedHashMap<>(), new HashMap<>(), new ArrayList<>());
        for (int step = 0; step < nodes.size(); step++) {
            Node node = nodes.get(step);
            for (Result result : node.results) {
                if (lastUse.containsKey(result) || !node.op.isOptional(result.index)) {
                    lifetimes.add(result, step, lastUse);
                }
            }
            List<Workspace> workspace = new ArrayList<>();
            for (TensorType type : node.op.workspace(node.inputs, i -> lastUse.containsKey(node.results.get(i)))) {
                workspace.add(new Workspace(type, lifetimes.interval(type, step)));
            }
            lifetimes.workspaceOf.put(node, workspace);
        }
        return lifetimes;
    }

    private Slab.Interval interval(TensorType type, int step) {
        Slab.Interval interval = new Slab.Interval((type.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, step);
        intervals.add(interval);
        return interval;
    }

    private void add(Result result, int step, Map<Value, Integer> lastUse) {
        Slab.Interval interval = overwritten(result, step, lastUse);
        if (interval == null) {
            interval = interval(result.type(), step);
        }
        interval.to = lastUse.getOrDefault(result, step);
        intervalOf.put(result, interval);
    }

    /// The interval of an input that ends here and may be overwritten, or null.
    private Slab.Interval overwritten(Result result, int step, Map<Value, Integer> lastUse) {
        List<Value> inputs = result.node.inputs;
        for (int index : result.node.op.overwritable(result.index)) {
            if (index < inputs.size() && inputs.get(index) instanceof Result input && input.type().equals(result.type())
                    && lastUse.get(input) == step && inputs.indexOf(input) == inputs.lastIndexOf(input)) {
                return intervalOf.get(input);
            }
        }
        return null;
    }
}

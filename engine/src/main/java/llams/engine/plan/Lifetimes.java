package llams.engine.plan;

import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Node;
import llams.engine.graph.Result;
import llams.engine.graph.TensorType;
import llams.engine.graph.Value;

/// How long each result of a program is needed. Results that may take the memory of an input share its interval.
///
/// @param intervalOf  for each result that needs a place
/// @param workspaceOf for each node that needs memory to work in
/// @param intervals   without repetition
record Lifetimes(Map<Result, Slab.Interval> intervalOf, Map<Node, List<Workspace>> workspaceOf,
        List<Slab.Interval> intervals) {
    private static final long ALIGNMENT = 64;

    /// A piece of a node's workspace.
    record Workspace(TensorType type, Slab.Interval interval) {}

    /// @param groups nodes that may run at the same time, in order
    static Lifetimes of(List<List<Node>> groups, Collection<? extends Value> outputs) {
        Map<Value, Integer> lastUse = new HashMap<>();
        for (int step = 0; step < groups.size(); step++) {
            for (Node node : groups.get(step)) {
                for (Value input : node.inputs) {
                    lastUse.put(input, step);
                }
            }
        }
        outputs.forEach(output -> lastUse.put(output, groups.size()));
        Lifetimes lifetimes = new Lifetimes(new LinkedHashMap<>(), new HashMap<>(), new ArrayList<>());
        for (int step = 0; step < groups.size(); step++) {
            for (Node node : groups.get(step)) {
                lifetimes.add(node, step, lastUse, groups.get(step));
            }
        }
        return lifetimes;
    }

    private void add(Node node, int step, Map<Value, Integer> lastUse, List<Node> group) {
        for (Result result : node.results) {
            if (lastUse.containsKey(result) || !node.op.isOptional(result.index)) {
                add(result, step, lastUse, group);
            }
        }
        List<Workspace> workspace = new ArrayList<>();
        for (TensorType type : node.op.workspace(node.inputs, i -> lastUse.containsKey(node.results.get(i)))) {
            workspace.add(new Workspace(type, interval(type, step)));
        }
        workspaceOf.put(node, workspace);
    }

    private Slab.Interval interval(TensorType type, int step) {
        Slab.Interval interval = new Slab.Interval((type.bytes() + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, step);
        intervals.add(interval);
        return interval;
    }

    private void add(Result result, int step, Map<Value, Integer> lastUse, List<Node> group) {
        Slab.Interval interval = overwritten(result, step, lastUse, group);
        if (interval == null) {
            interval = interval(result.type(), step);
        }
        interval.to = lastUse.getOrDefault(result, step);
        intervalOf.put(result, interval);
    }

    /// The interval of an input that ends here, read by nothing else of the group, and may be overwritten; or null.
    private Slab.Interval overwritten(Result result, int step, Map<Value, Integer> lastUse, List<Node> group) {
        List<Value> inputs = result.node.inputs;
        for (int index : result.node.op.overwritable(result.index)) {
            if (index < inputs.size() && inputs.get(index) instanceof Result input && input.type().equals(result.type())
                    && lastUse.get(input) == step
                    && group.stream().flatMap(node -> node.inputs.stream()).filter(input::equals).count() == 1) {
                return intervalOf.get(input);
            }
        }
        return null;
    }
}

package llams.trainer.run;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Clear;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.trainer.optim.Optimizer;

/// The sums of a pairwise [Summation] over the micro-batches of one worker. As in a binary counter, there is at most one
/// sum of 1, of 2, of 4... micro-batches that waits for its partner.
final class HeldSums {
    /// Moves the gradient to the waiting sum of a level, or adds that to the gradient.
    private final List<Executable> hold = new ArrayList<>();
    private final List<Executable> join = new ArrayList<>();

    /// @param session has the gradients and [#leaves]
    HeldSums(Session session, List<Leaf> summed, int levels) {
        for (int level = 0; level < levels; level++) {
            int of = level;
            hold.add(compiled(session, summed, (graph, leaf) -> move(graph, Optimizer.gradient(leaf), held(leaf, of))));
            join.add(compiled(session, summed, (graph, leaf) -> move(graph, held(leaf, of), Optimizer.gradient(leaf))));
        }
    }

    /// The state that this needs.
    static List<Leaf> leaves(List<Leaf> summed, int levels) {
        List<Leaf> leaves = new ArrayList<>();
        for (int level = 0; level < levels; level++) {
            for (Leaf leaf : summed) {
                leaves.add(held(leaf, level));
            }
        }
        return leaves;
    }

    private static Leaf held(Leaf leaf, int level) {
        Leaf gradient = Optimizer.gradient(leaf);
        return new Leaf(Leaf.Kind.STATE, "held." + level + "." + gradient.name(), gradient.type());
    }

    @FunctionalInterface
    private interface Step {
        void record(Graph graph, Leaf leaf);
    }

    private static Executable compiled(Session session, List<Leaf> summed, Step step) {
        Graph graph = new Graph();
        summed.forEach(leaf -> step.record(graph, leaf));
        return session.compile(Program.of(graph, Map.of()));
    }

    private static void move(Graph graph, Leaf from, Leaf to) {
        graph.accumulate(to, from, 0);
        graph.record(new Clear(), from);
    }

    /// The gradient holds that of one micro-batch. Afterwards it is zero again, or after the last one the sum of all.
    ///
    /// @param index of the micro-batch among this worker's, from 0
    void add(int index, boolean isLast) {
        int level = 0;
        for (; (index >> level & 1) == 1; level++) {
            join.get(level).run();
        }
        if (isLast) {
            for (; index >> level != 0; level++) {
                if ((index >> level & 1) == 1) {
                    join.get(level).run();
                }
            }
        } else {
            hold.get(level).run();
        }
    }
}

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
    /// Moves the gradients to the waiting sum of a level, by level.
    private final List<Executable> hold = new ArrayList<>();
    /// Adds the waiting sum of a level to the gradients, by level and bucket.
    private final List<List<Executable>> join = new ArrayList<>();

    /// @param session has the gradients and [#leaves]
    /// @param buckets of summed leaves, each of which is completed by itself
    HeldSums(Session session, List<List<Leaf>> buckets, int levels) {
        List<Leaf> summed = buckets.stream().flatMap(List::stream).toList();
        for (int level = 0; level < levels; level++) {
            int of = level;
            hold.add(compiled(session, summed, (graph, leaf) -> move(graph, Optimizer.gradient(leaf), held(leaf, of))));
            join.add(buckets.stream()
                    .map(bucket -> compiled(session, bucket,
                            (graph, leaf) -> move(graph, held(leaf, of), Optimizer.gradient(leaf))))
                    .toList());
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

    /// The gradients hold those of one micro-batch, not the last. Afterwards they are zero again, unless there are no
    /// sums to hold.
    ///
    /// @param index of the micro-batch among this worker's, from 0
    void hold(int index) {
        if (hold.isEmpty()) {
            return;
        }
        int level = 0;
        for (; (index >> level & 1) == 1; level++) {
            join.get(level).forEach(Executable::run);
        }
        hold.get(level).run();
    }

    /// The gradients of a bucket hold those of the last micro-batch. Afterwards they hold the sums of all. It may be
    /// called while a program runs that is done with these: no temporary memory is used.
    ///
    /// @param index of the last micro-batch
    void complete(int bucket, int index) {
        for (int level = 0; level < join.size(); level++) {
            if ((index >> level & 1) == 1) {
                join.get(level).get(bucket).run();
            }
        }
    }
}

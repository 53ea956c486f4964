package llams.engine.plan;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import llams.engine.graph.Accumulate;
import llams.engine.graph.AdamW;
import llams.engine.graph.Clear;
import llams.engine.graph.CompactAdamW;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.Op;
import llams.engine.graph.Origin;
import llams.engine.graph.Result;
import llams.engine.graph.SquaredNorm;

/// A program as people read it: what each instruction is for, what it costs, and how long its results stay in the slab.
/// Times are counted in groups of instructions that run together, from 0.
///
/// @param groups how many there are
public record Explanation(List<Row> rows, int groups) {
    /// Which part of a step an instruction belongs to.
    public enum Phase {
        FORWARD, BACKWARD, UPDATE
    }

    /// @param block     the recomputable block, in a model its layer, that it belongs to or computes the gradient of; -1
    /// @param isRemade  whether it computes something again that was not kept
    /// @param name      of its first result, or of the state that it changes; `#7` if it has none
    /// @param reads     names of what it reads
    /// @param fused     the ops that planning made one of here, if there were several
    /// @param lives     of its results and of the memory that it works in
    public record Row(Program.Instruction instruction, int group, Phase phase, int block, boolean isRemade, String name,
            List<String> reads, List<String> fused, Cost cost, List<Life> lives) {}

    /// A value in the slab.
    ///
    /// @param from the group that makes it
    /// @param to   the last one that reads it; [#groups] for an output
    public record Life(String name, long offsetBytes, long bytes, int from, int to, boolean isWorkspace) {}

    public static Explanation of(Program program) {
        return new Reader(program).read();
    }

    /// Bytes of the slab that are in use while each group runs, `[groups]`.
    public long[] liveBytes() {
        long[] live = new long[groups];
        for (int group = 0; group < groups; group++) {
            Map<Long, Long> places = new HashMap<>();
            for (Row row : rows) {
                for (Life life : row.lives) {
                    if (life.from <= group && group <= life.to) {
                        // What is written over its own input is there once.
                        places.put(life.offsetBytes, life.bytes);
                    }
                }
            }
            live[group] = places.values().stream().mapToLong(Long::longValue).sum();
        }
        return live;
    }

    public long flops() {
        return rows.stream().mapToLong(row -> row.cost.flops()).sum();
    }

    private static final class Reader {
        private final Program program;
        private final List<List<Program.Instruction>> groups;
        private final List<Row> rows = new ArrayList<>();
        /// Of the value that is at a place now.
        private final Map<Program.Place, String> names = new HashMap<>();
        private final Map<Program.Place, int[]> lastUse = new HashMap<>();
        private final Map<Program.Place, Phase> phases = new HashMap<>();
        /// What the first results of the last nodes to make them are asked for as.
        private final Map<Node, String> outputs = new HashMap<>();
        /// Beside the rows: where each result's life ends.
        private final List<List<int[]>> ends = new ArrayList<>();

        Reader(Program program) {
            this.program = program;
            this.groups = program.groups();
            program.outputs()
                    .forEach((name, place) -> program.instructions()
                            .stream()
                            .filter(i -> !i.results().isEmpty() && i.results().getFirst().equals(place))
                            .reduce((_, last) -> last)
                            .ifPresent(last -> outputs.put(last.node(), name)));
        }

        Explanation read() {
            for (int group = 0; group < groups.size(); group++) {
                for (Program.Instruction instruction : groups.get(group)) {
                    read(instruction, group);
                }
            }
            program.outputs().values().forEach(place -> use(place, groups.size()));
            List<Row> finished = new ArrayList<>();
            for (int r = 0; r < rows.size(); r++) {
                finished.add(ended(rows.get(r), ends.get(r)));
            }
            return new Explanation(List.copyOf(finished), groups.size());
        }

        private static Row ended(Row row, List<int[]> ends) {
            List<Life> lives = new ArrayList<>();
            for (int i = 0; i < row.lives.size(); i++) {
                Life life = row.lives.get(i);
                lives.add(
                        new Life(life.name, life.offsetBytes, life.bytes, life.from, ends.get(i)[0], life.isWorkspace));
            }
            return new Row(row.instruction, row.group, row.phase, row.block, row.isRemade, row.name, row.reads,
                    row.fused, row.cost, lives);
        }

        private void read(Program.Instruction i, int group) {
            List<String> reads = new ArrayList<>();
            Phase phase = phase(i);
            for (Program.Place input : i.inputs()) {
                reads.add(input instanceof Program.OfLeaf(Leaf leaf) ? leaf.name() : names.get(input));
                use(input, group);
            }
            String name = name(i);
            List<Life> lives = new ArrayList<>();
            List<int[]> until = new ArrayList<>();
            for (int r = 0; r < i.results().size(); r++) {
                Program.Place place = i.results().get(r);
                String given = i.node().name(r);
                String called = r == 0 ? name : given != null ? given : name + ":" + r;
                names.put(place, called);
                phases.put(place, phase);
                lastUse.put(place, new int[] {group});
                add(place, called, group, false, lives, until, lastUse.get(place));
            }
            for (Program.Place place : i.workspace()) {
                add(place, "workspace of " + name, group, true, lives, until, new int[] {group});
            }
            rows.add(new Row(i, group, phase, block(i.node()), isRemade(i.node()), name, List.copyOf(reads),
                    fused(i.node()), Cost.of(i), lives));
            ends.add(until);
        }

        private void use(Program.Place place, int group) {
            if (lastUse.containsKey(place)) {
                lastUse.get(place)[0] = group;
            }
        }

        private static void add(Program.Place place, String name, int group, boolean isWorkspace, List<Life> lives,
                List<int[]> until, int[] end) {
            if (place instanceof Program.InSlab(long offset, var type)) {
                lives.add(new Life(name, offset, type.bytes(), group, group, isWorkspace));
                until.add(end);
            }
        }

        private String name(Program.Instruction i) {
            String tapped = tapped(i.node());
            if (tapped != null) {
                return tapped;
            }
            if (outputs.containsKey(i.node())) {
                return outputs.get(i.node());
            }
            Program.Place changed = i.op() instanceof Accumulate
                    ? Accumulate.state(i.inputs())
                    : changesFirst(i.op()) ? i.inputs().getFirst() : null;
            return changed instanceof Program.OfLeaf(Leaf state) ? state.name() : "#" + rows.size();
        }

        private static boolean changesFirst(Op op) {
            return op instanceof AdamW || op instanceof CompactAdamW || op instanceof Clear;
        }

        /// What the graph calls it, or else what is added there to something.
        private static String tapped(Node node) {
            String own = node.results.isEmpty() ? null : node.name(0);
            if (own != null || !(node.origin instanceof Origin.Fused(List<Node> nodes)) || nodes.size() == 1
                    || nodes.getLast().results.isEmpty()) {
                return own;
            }
            String part = tapped(nodes.getLast());
            return part == null ? null : "… + " + part;
        }

        private Phase phase(Program.Instruction i) {
            if (isOfGradient(i.node())) {
                return Phase.BACKWARD;
            }
            boolean isUpdate = changesFirst(i.op()) || i.op() instanceof SquaredNorm
                    || i.inputs().stream().anyMatch(input -> phases.get(input) == Phase.UPDATE);
            return isUpdate ? Phase.UPDATE : Phase.FORWARD;
        }

        private static boolean isOfGradient(Node node) {
            return switch (node.origin) {
                case Origin.Recorded() -> false;
                case Origin.GradientOf _,Origin.CopyOf _ -> true;
                case Origin.Fused(List<Node> nodes) -> nodes.stream().anyMatch(Reader::isOfGradient);
            };
        }

        private static boolean isRemade(Node node) {
            return node.origin instanceof Origin.CopyOf || node.origin instanceof Origin.Fused(List<Node> nodes)
                    && nodes.stream().anyMatch(Reader::isRemade);
        }

        private static int block(Node node) {
            return node.block >= 0 ? node.block : switch (node.origin) {
                case Origin.Recorded() -> -1;
                case Origin.GradientOf(Node forward) -> block(forward);
                case Origin.CopyOf(Node forward) -> block(forward);
                case Origin.Fused(List<Node> nodes) -> nodes.stream().mapToInt(Reader::block).max().orElse(-1);
            };
        }

        private static List<String> fused(Node node) {
            return node.origin instanceof Origin.Fused(List<Node> nodes) && nodes.size() > 1
                    ? nodes.stream().map(part -> part.op.name()).toList()
                    : List.of();
        }
    }
}

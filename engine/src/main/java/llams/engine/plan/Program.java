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
import llams.engine.graph.Effect;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Node;
import llams.engine.graph.Op;
import llams.engine.graph.Require;
import llams.engine.graph.TensorType;
import llams.engine.graph.Value;

/// A graph made ready to run: dead ops dropped, the order fixed, every temporary given its place in one slab.
///
/// @param instructions in the order in which they run
/// @param leaves       every leaf that is read or changed
/// @param outputs      where the asked-for values lie; they are kept to the end of the run
/// @param slabBytes    size of the one memory block that holds all temporaries and outputs
public record Program(List<Instruction> instructions, List<Leaf> leaves, Map<String, Place> outputs, long slabBytes) {
    /// No value in the slab crosses a multiple of this, unless it is larger: a device whose arrays are smaller than a
    /// slab can be has each value in one.
    public static final long WINDOW_BYTES = 1L << 32;

    /// Where a value lies.
    public sealed interface Place {
        TensorType type();
    }

    /// In a leaf's own memory.
    public record OfLeaf(Leaf leaf) implements Place {
        @Override
        public TensorType type() {
            return leaf.type();
        }
    }

    /// In the slab. Offsets are multiples of 64.
    public record InSlab(long offsetBytes, TensorType type) implements Place {}

    /// Nowhere: an optional result that nothing reads.
    public record Unused(TensorType type) implements Place {}

    /// One op with the places of what it reads, makes and works in; see [Op#workspace].
    ///
    /// @param node     the op in the graph, fused with others where planning did that
    /// @param isJoined true if it need not wait for the one before: neither takes memory of the other, and if it reads
    ///                 what that one makes, it adds to it in its place
    public record Instruction(Op op, List<Place> inputs, List<Place> results, List<Place> workspace, Node node,
            boolean isJoined) {}

    /// What a run needs, in bytes.
    ///
    /// @param weights     frozen and resident
    /// @param state       resident and changed: trained parameters, moments, caches
    /// @param temporaries the slab
    public record Memory(long weights, long state, long temporaries) {
        public long total() {
            return weights + state + temporaries;
        }
    }

    /// Plans the ops that the outputs and the effects of a graph need.
    public static Program of(Graph graph, Map<String, ? extends Value> outputs) {
        Fusion.Fused fused = Fusion.fuse(live(graph.nodes, outputs.values()), outputs.values());
        Map<String, Value> asked = new LinkedHashMap<>();
        outputs.forEach((name, value) -> asked.put(name, fused.of(value)));
        List<List<Node>> groups = Grouping.of(fused.nodes(), asked.values());
        Lifetimes lifetimes = Lifetimes.of(groups, asked.values());
        long slabBytes = Slab.place(lifetimes.intervals(), WINDOW_BYTES);

        Map<Value, Place> places = new HashMap<>();
        lifetimes.intervalOf()
                .forEach((result, interval) -> places.put(result, new InSlab(interval.offsetBytes, result.type())));
        Set<Leaf> leaves = new LinkedHashSet<>();
        List<Instruction> instructions = new ArrayList<>();
        for (List<Node> group : groups) {
            for (Node node : group) {
                List<Place> inputs = node.inputs.stream().map(input -> place(input, places, leaves)).toList();
                List<Place> results = node.results.stream()
                        .map(result -> places.getOrDefault(result, new Unused(result.type())))
                        .toList();
                List<Place> workspace = new ArrayList<>();
                for (Lifetimes.Workspace piece : lifetimes.workspaceOf().get(node)) {
                    workspace.add(new InSlab(piece.interval().offsetBytes, piece.type()));
                }
                instructions.add(new Instruction(node.op, inputs, results, List.copyOf(workspace), node,
                        node != group.getFirst()));
            }
        }
        Map<String, Place> outputPlaces = new LinkedHashMap<>();
        asked.forEach((name, value) -> outputPlaces.put(name, place(value, places, leaves)));
        checkNames(leaves);
        return new Program(List.copyOf(instructions), List.copyOf(leaves), outputPlaces, slabBytes);
    }

    /// The instructions, those together that need not wait for each other.
    public List<List<Instruction>> groups() {
        List<List<Instruction>> groups = new ArrayList<>();
        for (Instruction instruction : instructions) {
            if (!instruction.isJoined) {
                groups.add(new ArrayList<>());
            }
            groups.getLast().add(instruction);
        }
        return groups;
    }

    /// What this program needs by itself; programs of one session share weights, state and the slab.
    public Memory memory() {
        return new Memory(bytes(Leaf.Kind.WEIGHT), bytes(Leaf.Kind.STATE), slabBytes);
    }

    private long bytes(Leaf.Kind kind) {
        return leaves.stream().filter(leaf -> leaf.kind() == kind).mapToLong(leaf -> leaf.type().bytes()).sum();
    }

    private static Place place(Value value, Map<Value, Place> places, Set<Leaf> leaves) {
        if (value instanceof Leaf leaf && leaves.add(leaf)) {
            places.put(leaf, new OfLeaf(leaf));
        }
        return places.get(value);
    }

    private static void checkNames(Set<Leaf> leaves) {
        Map<String, Leaf> byName = new HashMap<>();
        for (Leaf leaf : leaves) {
            Leaf other = byName.put(leaf.name(), leaf);
            Require.that(other == null, "program: two leaves are named \"%s\": %s and %s", leaf.name(), leaf, other);
        }
    }

    private static List<Node> live(List<Node> nodes, Collection<? extends Value> outputs) {
        Set<Value> needed = new HashSet<>(outputs);
        List<Node> kept = new ArrayList<>();
        for (Node node : nodes.reversed()) {
            if (node.op instanceof Effect || node.results.stream().anyMatch(needed::contains)) {
                needed.addAll(node.inputs);
                kept.add(node);
            }
        }
        return kept.reversed();
    }
}

package llams.engine.plan;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Observer;
import llams.engine.device.Session;
import llams.engine.graph.Autodiff;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.llama.Llama;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.RopeTable;
import llams.engine.llama.Sequence;
import llams.engine.plan.Explanation.Life;
import llams.engine.plan.Explanation.Phase;
import llams.engine.plan.Explanation.Row;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// What is said of a program is true of it: a model's forward and backward pass.
class ExplanationTest {
    private static final int TOKENS = 12;
    private static final LlamaConfig CONFIG = LlamaConfig.standard(64, 96, 3, 4, 2, 160).withRope(10_000, null);
    private static final Pattern LAYER = Pattern.compile("layers\\.(\\d+)\\.");

    private final Graph graph = new Graph();
    private final Map<String, Leaf> weights = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();

    private Program program(boolean recompute) {
        Llama model = Llama.of(CONFIG,
                (name, dims) -> weights.computeIfAbsent(name, key -> Leaf.state(key, DType.F32, dims)),
                Llama.Wrap.NONE);
        Value hidden = model.forward(graph, Sequence.ids(TOKENS), Sequence.of(CONFIG, TOKENS, TOKENS, TOKENS), null);
        Value loss = model
                .loss(graph, hidden, Leaf.input("labels", DType.I32, TOKENS), Leaf.input("scale", DType.F32, 1))
                .getFirst();
        outputs.put("loss", loss);
        Autodiff.contributions(graph, loss, weights.values(), recompute, (leaf, part) -> graph
                .accumulate(Leaf.state("gradient." + leaf.name(), DType.F32, leaf.shape().dims()), part, TOKENS));
        return Program.of(graph, outputs);
    }

    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void valuesThatLiveAtTheSameTimeDoNotMeetInMemory(boolean recompute) {
        Program program = program(recompute);
        Explanation explanation = Explanation.of(program);
        List<Life> lives = explanation.rows().stream().flatMap(row -> row.lives().stream()).toList();
        assertEquals(program.instructions().size(), explanation.rows().size());
        for (Life one : lives) {
            assertTrue(one.from() <= one.to() && one.offsetBytes() + one.bytes() <= program.slabBytes(),
                    one.toString());
            for (Life other : lives) {
                boolean meets = one != other && one.from() <= other.to() && other.from() <= one.to()
                        && one.offsetBytes() < other.offsetBytes() + other.bytes()
                        && other.offsetBytes() < one.offsetBytes() + one.bytes();
                // What is written over its input begins where that ends.
                boolean isInPlace = one.offsetBytes() == other.offsetBytes() && one.bytes() == other.bytes()
                        && (one.to() == other.from() || other.to() == one.from());
                assertTrue(!meets || isInPlace, one + " and " + other);
            }
        }
        for (long live : explanation.liveBytes()) {
            assertTrue(live > 0 && live <= program.slabBytes());
        }
    }

    /// Every instruction that reads a layer's weights is said to belong to that layer; what a weight's gradient comes
    /// from is of the backward pass.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void instructionsBelongToTheirLayers(boolean recompute) {
        Explanation explanation = Explanation.of(program(recompute));
        boolean[] remade = new boolean[1];
        for (Row row : explanation.rows()) {
            for (Program.Place input : row.instruction().inputs()) {
                if (input instanceof Program.OfLeaf(Leaf leaf)) {
                    Matcher layer = LAYER.matcher(leaf.name());
                    assertEquals(layer.find() ? Integer.parseInt(layer.group(1)) : row.block(), row.block(),
                            row.toString());
                    boolean isSum = leaf.name().startsWith("gradient.");
                    boolean isNamed = row.name()
                            .equals(row.instruction().node().results.isEmpty() ? leaf.name() : "loss");
                    assertTrue(!isSum || row.phase() == Phase.BACKWARD && isNamed, row.toString());
                }
            }
            remade[0] |= row.isRemade() && row.instruction().op().name().equals("Attention");
        }
        assertEquals(recompute, remade[0]);
    }

    /// A forward pass multiplies every weight once by every token and attends to each pair of tokens; the backward pass
    /// does the first twice more, and the second two and a half times. What is computed again needs no last product.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void operationsAreThoseOfTheFormulas(boolean recompute) {
        Explanation explanation = Explanation.of(program(recompute));
        long matrices = weights.values()
                .stream()
                .filter(leaf -> leaf.shape().rank() == 2 && !leaf.name().equals(Llama.EMBEDDING))
                .mapToLong(leaf -> leaf.shape().elements())
                .sum();
        long head = weights.get(Llama.HEAD).shape().elements();
        long pairs = (long) CONFIG.layers() * CONFIG.heads() * CONFIG.headDim() * TOKENS * (TOKENS + 1) / 2;
        long down = (long) CONFIG.layers() * CONFIG.dim() * CONFIG.hiddenDim();
        long again = recompute ? 2 * TOKENS * (matrices - head - down) + 4 * pairs : 0;
        long expected = 3 * 2 * TOKENS * matrices + (4 + 10) * pairs + again;
        // The rest are norms, rotations, activations and sums.
        assertEquals(1, explanation.flops() / (double) expected, 0.05);
        assertTrue(explanation.flops() > expected);
    }

    /// The numbers are the same with an observer, and what it sees under a name is what a program gives that is asked
    /// for it, but for rounding: forward values and gradients.
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void anObserverSeesTheNamedValues(boolean recompute) {
        Program program = program(recompute);
        Map<String, Value> asked = new LinkedHashMap<>(graph.taps());
        asked.putAll(outputs);
        Program tapped = Program.of(graph, asked);
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> seen = new HashMap<>();
            float[] watched = run(arena, program, seen);
            float[] unwatched = run(arena, program, null);
            assertArrayEquals(unwatched, watched);
            Map<String, Tensor> expected = new HashMap<>();
            run(arena, tapped, expected);
            List<String> missing = new ArrayList<>(graph.taps().keySet());
            missing.removeAll(seen.keySet());
            missing.removeIf(name -> name.endsWith(".o") || name.endsWith(".down"));
            assertEquals(List.of(), missing);
            assertTrue(seen.containsKey("gradient.layers.0.out") && seen.containsKey("gradient.layers.2.attention"),
                    seen.keySet().toString());
            seen.forEach((name, tensor) -> {
                if (expected.containsKey(name)) {
                    assertArrayEquals(expected.get(name).toFloats(), tensor.toFloats(), 1e-5f, name);
                }
            });
        }
    }

    private float[] run(Arena arena, Program program, Map<String, Tensor> seen) {
        Map<String, Tensor> resident = new HashMap<>();
        for (Leaf leaf : program.leaves()) {
            if (leaf.kind() != Leaf.Kind.INPUT) {
                Tensor tensor = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
                CounterRandom random = CounterRandom.named(1, leaf.name());
                for (long i = 0; i < tensor.elements() && !leaf.name().startsWith("gradient."); i++) {
                    tensor.setFloat(i, (float) random.gaussian(i) / 4);
                }
                resident.put(leaf.name(), tensor);
            }
        }
        resident.put(RopeTable.NAME, RopeTable.create(arena, CONFIG, TOKENS));
        try (Session session = Devices.byName("cpu").open(resident)) {
            Executable executable = session.compile(program);
            int[] ids = new int[TOKENS];
            for (int t = 0; t < TOKENS; t++) {
                ids[t] = 13 * t;
            }
            Sequence.fill(executable, ids, 0);
            executable.set(Leaf.input("labels", DType.I32, TOKENS), ids);
            executable.set(Leaf.input("scale", DType.F32, 1), 1f / TOKENS);
            if (seen != null) {
                session.observe((together, memory, _) -> keep(arena, together, memory, seen));
            }
            executable.run();
            return resident.get("gradient." + Llama.EMBEDDING).toFloats();
        }
    }

    private static void keep(Arena arena, List<Program.Instruction> together, Observer.Memory memory,
            Map<String, Tensor> seen) {
        for (Program.Instruction instruction : together) {
            for (int r = 0; r < instruction.results().size(); r++) {
                String name = instruction.node().name(r);
                if (name != null) {
                    Tensor value = memory.at(instruction.results().get(r));
                    Tensor copy = Tensor.allocate(arena, value.dtype(), value.shape());
                    copy.data().copyFrom(value.data());
                    seen.put(name, copy);
                }
            }
        }
    }
}

package llams.engine.graph;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.plan.Program;
import llams.engine.preference.Dpo;
import llams.engine.preference.Kto;
import llams.engine.preference.Orpo;
import llams.engine.preference.Preference;
import llams.engine.preference.SimPo;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/// Every op's gradient is the limit of finite differences, on every usable device.
class GradientCheckTest {
    private static final int TOKENS = 5;
    private static final int VOCAB = 11;

    /// An op under test: its F32 leaves (all wanted), its I32 leaves with their contents, and how to record it; the
    /// result is `[tokens, width]`.
    private record Case(String name, Class<? extends Op> op, List<Leaf> floats, Map<Leaf, int[]> ints,
            Function<Graph, Value> body) {
        @Override
        public String toString() {
            return name;
        }
    }

    private static Leaf x(String name, long... dims) {
        return Leaf.weight(name, DType.F32, dims);
    }

    private static final Leaf IDS = Leaf.input("ids", DType.I32, TOKENS);
    private static final Leaf FIRST = Leaf.input("first", DType.I32, TOKENS);
    private static final Leaf LAST = Leaf.input("last", DType.I32, TOKENS);
    private static final Leaf SEED = Leaf.input("seed", DType.I32, 2);

    private static List<Case> all() {
        Leaf a = x("a", TOKENS, 8);
        Leaf b = x("b", TOKENS, 8);
        Leaf wide = x("wide", 6, 8);
        Leaf tall = x("tall", 8, 6);
        Leaf aTransposed = x("aTransposed", 8, TOKENS);
        Leaf table = x("table", 4, 8);
        Leaf norm = x("norm", 8);
        Leaf rope = x("rope", 9, 4);
        Leaf q = x("q", TOKENS, 12);
        Leaf k = x("k", TOKENS, 4);
        Leaf v = x("v", TOKENS, 4);
        Map<Leaf, int[]> documents = Map.of(FIRST, new int[] {0, 0, 0, 3, 3}, LAST, new int[] {0, 1, 2, 3, 4});
        return List.of(new Case("add", Add.class, List.of(a, b), Map.of(), g -> g.add(a, b)),
                new Case("add of one value twice", Add.class, List.of(a), Map.of(), g -> g.add(a, a)),
                new Case("scale", Scale.class, List.of(a), Map.of(), g -> g.scale(a, -1.5f)),
                new Case("a b", MatMul.class, List.of(a, tall), Map.of(), g -> g.matMul(a, false, tall, false)),
                new Case("a bᵀ", MatMul.class, List.of(a, wide), Map.of(), g -> g.matMul(a, false, wide, true)),
                new Case("aᵀ b", MatMul.class, List.of(aTransposed, tall), Map.of(),
                        g -> g.matMul(aTransposed, true, tall, false)),
                new Case("embedding", Embedding.class, List.of(table), Map.of(IDS, new int[] {3, 0, 3, 1, 3}),
                        g -> g.embedding(table, IDS)),
                new Case("rms norm", RmsNorm.class, List.of(a, norm), Map.of(), g -> g.rmsNorm(a, norm, 0.1f)),
                new Case("rope", Rope.class, List.of(a), Map.of(IDS, new int[] {0, 8, 2, 3, 1}),
                        g -> g.rope(a, rope, IDS, 4)),
                new Case("attention", Attention.class, List.of(q, k, v), documents,
                        g -> g.attention(q, k, v, FIRST, LAST, 4, 0)),
                new Case("attention of odd heads", Attention.class, List.of(q, x("k3", TOKENS, 6), x("v3", TOKENS, 6)),
                        documents, g -> g.attention(q, x("k3", TOKENS, 6), x("v3", TOKENS, 6), FIRST, LAST, 3, 0)),
                new Case("swiglu", SwiGlu.class, List.of(a, b), Map.of(), g -> g.swiGlu(a, b)),
                new Case("dropout", Dropout.class, List.of(a), Map.of(SEED, new int[] {7, 3}),
                        g -> g.dropout(a, SEED, 0.4f, 2)),
                new Case("sum onto another", MatMul.class, List.of(a, tall, x("start", TOKENS, 6)), Map.of(),
                        g -> g.matMul(a, false, tall, false, x("start", TOKENS, 6))),
                new Case("noise", Noise.class, List.of(a), Map.of(SEED, new int[] {7, 3}),
                        g -> g.record(new Noise(2), a, x("bound", TOKENS), SEED)),
                new Case("scale columns", ScaleColumns.class, List.of(a, norm), Map.of(),
                        g -> g.record(new ScaleColumns(), a, norm, x("lengths", 8))),
                new Case("linear cross entropy", LinearCrossEntropy.class, List.of(a), Map.of(), g -> a));
    }

    static Stream<Arguments> cases() {
        List<Device> usable = Devices.all().stream().filter(device -> device.unavailable().isEmpty()).toList();
        return all().stream().flatMap(each -> usable.stream().map(device -> Arguments.of(each, device)));
    }

    @Test
    void everyDifferentiableOpIsChecked() {
        Set<Class<?>> checked = new HashSet<>();
        all().forEach(each -> checked.add(each.op));
        checked.add(PreferenceLoss.class); // by tests of their own below
        checked.add(LinearDistillation.class);
        assertEquals(new HashSet<>(Arrays.asList(Differentiable.class.getPermittedSubclasses())), checked);
    }

    /// The result goes through a head and a cross entropy, so that one number depends on all of it.
    @ParameterizedTest
    @MethodSource("cases")
    void gradientIsTheLimitOfDifferences(Case checked, Device device) {
        Graph g = new Graph();
        Value y = checked.body.apply(g);
        Leaf head = x("head", VOCAB, y.dim(1));
        Leaf labels = Leaf.input("labels", DType.I32, TOKENS);
        Leaf scale = Leaf.input("scale", DType.F32, 1);
        Value loss = g.linearCrossEntropy(y, head, labels, scale).getFirst();
        List<Leaf> wanted = new ArrayList<>(checked.floats);
        wanted.add(head);
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", loss);
        Autodiff.gradients(g, loss, wanted, false)
                .forEach((leaf, gradient) -> outputs.put("d" + leaf.name(), gradient));
        Program program = Program.of(g, outputs);
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> resident = new LinkedHashMap<>();
            for (Leaf leaf : program.leaves()) {
                if (leaf.kind() == Leaf.Kind.WEIGHT) {
                    resident.put(leaf.name(), random(arena, leaf));
                }
            }
            try (Session session = device.open(resident)) {
                Executable run = session.compile(program);
                checked.ints.forEach((leaf, values) -> set(run.input(leaf.name()), values));
                set(run.input("labels"), 2, -100, 0, 10, 5);
                run.input("scale").setFloat(0, 0.5f);
                run.run();
                for (Leaf leaf : wanted) {
                    float[] gradient = run.output("d" + leaf.name()).toFloats();
                    compare(run, resident.get(leaf.name()), leaf.name(), gradient);
                    run.run();
                }
            }
        }
    }

    static Stream<Arguments> preferences() {
        return Stream.of(new Dpo(0.5), new Orpo(0.7), new SimPo(2, 0.3), new Kto(0.5))
                .flatMap(method -> Stream.of("cpu", "scalar").map(name -> Arguments.of(method, Devices.byName(name))));
    }

    /// Five tokens: a chosen answer of two, a rejected one of one, and so on.
    @ParameterizedTest
    @MethodSource("preferences")
    void lossOfPairs(Preference method, Device device) {
        Graph g = new Graph();
        Leaf a = x("a", TOKENS, 8);
        Leaf head = x("head", VOCAB, 8);
        Leaf labels = Leaf.input("labels", DType.I32, TOKENS);
        Leaf answer = Leaf.input("answer", DType.I32, TOKENS);
        Leaf shares = Leaf.input("shares", DType.F32, 2);
        Leaf reference = x("reference", TOKENS);
        Value tokenLoss = g.linearCrossEntropy(a, head, labels, g.record(new Constant(1)))
                .get(LinearCrossEntropy.TOKEN_LOSS);
        List<Value> inputs = new ArrayList<>(List.of(tokenLoss, labels, answer, shares));
        if (method.hasReference()) {
            inputs.add(reference);
        }
        Value loss = g.record(new PreferenceLoss(method), inputs.toArray(Value[]::new));
        Map<String, Value> outputs = new LinkedHashMap<>();
        outputs.put("loss", loss);
        Autodiff.gradients(g, loss, List.of(a, head), false)
                .forEach((leaf, gradient) -> outputs.put("d" + leaf.name(), gradient));
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> resident = new LinkedHashMap<>();
            List.of(a, head, reference).forEach(leaf -> resident.put(leaf.name(), random(arena, leaf)));
            if (method.hasMismatched()) {
                // The mismatched answers' ratio is below 0, so that KL is 0 and has no gradient to miss.
                resident.get("reference").data().fill((byte) 0);
            }
            try (Session session = device.open(resident)) {
                Executable run = session.compile(Program.of(g, outputs));
                set(run.input("labels"), 2, 4, -100, 10, 5);
                set(run.input("answer"),
                        method.hasMismatched() ? new int[] {0, 1, 2, 2, 3} : new int[] {0, 0, 1, 1, 1});
                run.input("shares").setFloat(0, 0.5f);
                run.input("shares").setFloat(1, 0.25f);
                run.run();
                for (Leaf leaf : List.of(a, head)) {
                    float[] gradient = run.output("d" + leaf.name()).toFloats();
                    compare(run, resident.get(leaf.name()), leaf.name(), gradient);
                    run.run();
                }
            }
        }
    }

    static Stream<Arguments> distillations() {
        return Stream.of(new LinearDistillation(0.5, 1), new LinearDistillation(0.3, 2), new LinearDistillation(1, 0.7))
                .flatMap(op -> Stream.of("cpu", "scalar").map(name -> Arguments.of(op, Devices.byName(name))));
    }

    /// A teacher with three ids a token, which leaves something for the others, and one with all of them.
    @ParameterizedTest
    @MethodSource("distillations")
    void distillation(LinearDistillation op, Device device) {
        for (int count : new int[] {3, VOCAB}) {
            Graph g = new Graph();
            Leaf a = x("a", TOKENS, 8);
            Leaf head = x("head", VOCAB, 8);
            Leaf labels = Leaf.input("labels", DType.I32, TOKENS);
            Leaf scale = Leaf.input("scale", DType.F32, 1);
            Leaf ids = Leaf.input("ids", DType.I32, TOKENS, count);
            Leaf logp = Leaf.input("logp", DType.F32, TOKENS, count);
            double left = count == VOCAB ? 0.5 : 0.6;
            Value loss = g.record(op, a, head, labels, scale, ids, logp);
            Map<String, Value> outputs = new LinkedHashMap<>();
            outputs.put("loss", loss);
            Autodiff.gradients(g, loss, List.of(a, head), false)
                    .forEach((leaf, gradient) -> outputs.put("d" + leaf.name(), gradient));
            try (Arena arena = Arena.ofShared()) {
                Map<String, Tensor> resident = new LinkedHashMap<>();
                List.of(a, head).forEach(leaf -> resident.put(leaf.name(), random(arena, leaf)));
                try (Session session = device.open(resident)) {
                    Executable run = session.compile(Program.of(g, outputs));
                    set(run.input("labels"), 2, -100, 0, 10, 5);
                    run.input("scale").setFloat(0, 0.5f);
                    for (int i = 0; i < TOKENS * count; i++) {
                        run.input("ids").setInt(i, (i / count + 3 * i) % VOCAB);
                        run.input("logp").setFloat(i, (float) Math.log((i % count + 1) / (left * count * (count + 1))));
                    }
                    run.run();
                    for (Leaf leaf : List.of(a, head)) {
                        float[] gradient = run.output("d" + leaf.name()).toFloats();
                        compare(run, resident.get(leaf.name()), leaf.name(), gradient);
                        run.run();
                    }
                }
            }
        }
    }

    /// Compares with the difference of fourth order, whose error is far below the tolerance at this step.
    private static void compare(Executable run, Tensor parameter, String name, float[] gradient) {
        double largest = 0;
        for (float value : gradient) {
            largest = Math.max(largest, Math.abs(value));
        }
        assertTrue(largest > 0, "the gradient of " + name + " is all zero");
        float step = 0.02f;
        for (int i = 0; i < gradient.length; i++) {
            float value = parameter.getFloat(i);
            double near = loss(run, parameter, i, value + step) - loss(run, parameter, i, value - step);
            double far = loss(run, parameter, i, value + 2 * step) - loss(run, parameter, i, value - 2 * step);
            parameter.setFloat(i, value);
            double difference = (8 * near - far) / (12 * step);
            assertEquals(difference, gradient[i], 2e-3 * largest + 1e-4, "d" + name + "[" + i + "]");
        }
    }

    private static double loss(Executable run, Tensor parameter, int index, float value) {
        parameter.setFloat(index, value);
        run.run();
        return run.output("loss").getFloat(0);
    }

    private static Tensor random(Arena arena, Leaf leaf) {
        Tensor tensor = Tensor.allocate(arena, leaf.dtype(), leaf.shape());
        CounterRandom random = CounterRandom.named(1, leaf.name());
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) random.gaussian(i));
        }
        return tensor;
    }

    private static void set(Tensor tensor, int... values) {
        for (int i = 0; i < values.length; i++) {
            tensor.setInt(i, values[i]);
        }
    }
}

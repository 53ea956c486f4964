package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.*;
import llams.engine.plan.Program;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.Gpu;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// With CUDA, products by weights narrower than F32 are sums in F32 of what their inputs are in BF16, and nothing else
/// is lost.
class RoundedProductsTest {
    private final Arena arena = Arena.ofShared();
    private final SplittableRandom random = new SplittableRandom(11);
    private final Graph g = new Graph();
    private final Map<String, Tensor> resident = new LinkedHashMap<>();
    private final Map<String, Value> outputs = new LinkedHashMap<>();

    @BeforeEach
    void needsCuda() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        assumeTrue(Gpu.backend() == TornadoVMBackendType.CUDA,
                () -> "TornadoVM's backend is " + Gpu.backend() + ", not CUDA");
    }

    @AfterEach
    void close() {
        arena.close();
    }

    private Leaf weight(DType dtype, long... dims) {
        Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(dims));
        float[] values = new float[dtype == DType.Q8_0 ? Q8Block.ELEMENTS : 1];
        for (long i = 0; i < tensor.elements(); i += values.length) {
            for (int j = 0; j < values.length; j++) {
                values[j] = (float) random.nextDouble(-1, 1);
            }
            if (dtype == DType.Q8_0) {
                Q8Block.encode(values, 0, tensor.data(), i / values.length * Q8Block.BYTES);
            } else {
                tensor.setFloat(i, values[0]);
            }
        }
        Leaf leaf = Leaf.weight("w" + resident.size(), dtype, dims);
        resident.put(leaf.name(), tensor);
        return leaf;
    }

    private Map<String, float[]> run(Session opened) {
        Map<String, float[]> results = new LinkedHashMap<>();
        try (Session session = opened) {
            Executable program = session.compile(Program.of(g, outputs));
            program.run();
            outputs.keySet().forEach(name -> results.put(name, program.output(name).toFloats()));
        }
        return results;
    }

    private Map<String, float[]> onTheDevice() {
        return run(new GpuSession(resident, ProductMode.BF16, GpuSession.Limits.usual()));
    }

    private static double rounded(float value) {
        return BFloat16.toFloat(BFloat16.fromFloat(value));
    }

    /// `x wᵀ` of rounded numbers, `[m, n]`.
    private void check(String what, Tensor x, Tensor w, float[] actual) {
        int m = (int) x.shape().dim(0);
        int k = (int) x.shape().dim(1);
        int n = (int) w.shape().dim(0);
        float[] all = w.toFloats();
        for (int i = 0; i < m; i++) {
            for (int j = 0; j < n; j++) {
                double sum = 0;
                double size = 0;
                for (int l = 0; l < k; l++) {
                    double term = rounded(x.getFloat((long) i * k + l)) * rounded(all[j * k + l]);
                    sum += term;
                    size += Math.abs(term);
                }
                assertEquals(sum, actual[i * n + j], 1e-6 * size, what + " [" + i + ", " + j + "]");
            }
        }
    }

    @Test
    void productsOfEveryTypeOfWeight() {
        for (DType dtype : List.of(DType.BF16, DType.F16, DType.Q8_0)) {
            for (int[] mnk : new int[][] {{7, 33, 64}, {65, 3, 96}, {130, 70, 32}}) {
                Leaf x = weight(DType.F32, mnk[0], mnk[2]);
                Leaf w = weight(dtype, mnk[1], mnk[2]);
                outputs.put(x.name() + w.name(), g.matMul(x, false, w, true));
            }
        }
        Leaf one = weight(DType.F32, 1, 40);
        Leaf w = weight(DType.BF16, 300, 40);
        outputs.put(one.name() + w.name(), g.matMul(one, false, w, true));
        Map<String, float[]> results = onTheDevice();
        results.forEach((name, values) -> {
            String[] names = name.split("(?=w)");
            check(name, resident.get(names[0]), resident.get(names[1]), values);
        });
        assertEquals(10, results.size());
    }

    /// With the setting, few rows go through LLaMS's own kernel, which does not round them.
    @Test
    void rowsThatAreNotRounded() {
        for (int[] mnk : new int[][] {{1, 33, 300}, {4, 5, 130}, {3, 1, 1}, {2, 256, 40}}) {
            Leaf x = weight(DType.F32, mnk[0], mnk[2]);
            Leaf w = weight(DType.BF16, mnk[1], mnk[2]);
            outputs.put(x.name() + w.name(),
                    g.record(new MatMul(false, true), x, w, weight(DType.F32, mnk[0], mnk[1])));
        }
        System.setProperty(ProductMode.ROWS_PROPERTY, "kernel");
        try {
            Map<String, float[]> expected = run(Devices.byName("scalar").open(resident));
            onTheDevice().forEach((name, values) -> {
                for (int i = 0; i < values.length; i++) {
                    assertEquals(expected.get(name)[i], values[i], 1e-5f, name + " " + i);
                }
            });
        } finally {
            System.clearProperty(ProductMode.ROWS_PROPERTY);
        }
    }

    /// The left operand is rounded once for several products, unless it has changed between them.
    @Test
    void whatChangedIsRoundedAgain() {
        Leaf x = weight(DType.F32, 20, 24);
        Leaf w = weight(DType.BF16, 24, 24);
        Value a = g.scale(x, 2);
        Value b = g.matMul(a, false, w, true);
        outputs.put("b", b);
        Value changed = g.swiGlu(a, b);
        outputs.put("c", g.matMul(changed, false, w, true));
        outputs.put("d", g.matMul(g.scale(changed, 3), false, w, true));
        outputs.put("changed", g.scale(changed, 1));
        Map<String, float[]> results = onTheDevice();
        Tensor doubled = Tensor.of(arena, Shape.of(20, 24), scaled(resident.get(x.name()).toFloats(), 2));
        check("b", doubled, resident.get(w.name()), results.get("b"));
        float[] values = results.get("changed");
        check("c", Tensor.of(arena, Shape.of(20, 24), values), resident.get(w.name()), results.get("c"));
        check("d", Tensor.of(arena, Shape.of(20, 24), scaled(values, 3)), resident.get(w.name()), results.get("d"));
    }

    /// A norm leaves its result rounded for the products that follow.
    @Test
    void normsLeaveTheirResultRounded() {
        Leaf x = weight(DType.F32, 20, 24);
        Leaf w = weight(DType.BF16, 24, 24);
        Value y = g.rmsNorm(g.scale(x, 2), weight(DType.BF16, 24), 1e-5f);
        outputs.put("a", g.matMul(y, false, w, true));
        outputs.put("b", g.matMul(g.scale(y, 3), false, w, true));
        outputs.put("c", g.matMul(y, false, w, false));
        outputs.put("y", g.scale(y, 1));
        Map<String, float[]> results = onTheDevice();
        Tensor normed = Tensor.of(arena, Shape.of(20, 24), results.get("y"));
        check("a", normed, resident.get(w.name()), results.get("a"));
        check("b", Tensor.of(arena, Shape.of(20, 24), scaled(results.get("y"), 3)), resident.get(w.name()),
                results.get("b"));
        float[] rows = resident.get(w.name()).toFloats();
        float[] columns = new float[rows.length];
        for (int i = 0; i < rows.length; i++) {
            columns[i % 24 * 24 + i / 24] = rows[i];
        }
        check("c", normed, Tensor.of(arena, Shape.of(24, 24), columns), results.get("c"));
    }

    /// So does attention of few tokens, which is not rounded itself. The inputs `first` and `last` are zeros: every
    /// token sees the first row.
    @Test
    void attentionOfFewTokensLeavesItsResultRounded() {
        Leaf w = weight(DType.BF16, 30, 64);
        Value out = g.recordNode(new Attention(16, 0), weight(DType.F32, 2, 64), weight(DType.F32, 9, 32),
                weight(DType.F32, 9, 32), Leaf.input("from", DType.I32, 2), Leaf.input("to", DType.I32, 2)).results
                .getFirst();
        outputs.put("a", g.matMul(out, false, w, true));
        outputs.put("b", g.matMul(g.scale(out, 3), false, w, true));
        outputs.put("out", out);
        Map<String, float[]> results = onTheDevice();
        float[] values = resident.get("w3").toFloats();
        for (int i = 0; i < 2 * 64; i++) {
            // Two heads share keys and values.
            assertEquals(values[i % 64 / 32 * 16 + i % 16], results.get("out")[i], 1e-6f);
        }
        check("a", Tensor.of(arena, Shape.of(2, 64), results.get("out")), resident.get(w.name()), results.get("a"));
        check("b", Tensor.of(arena, Shape.of(2, 64), scaled(results.get("out"), 3)), resident.get(w.name()),
                results.get("b"));
    }

    private static float[] scaled(float[] values, float factor) {
        float[] scaled = values.clone();
        for (int i = 0; i < scaled.length; i++) {
            scaled[i] *= factor;
        }
        return scaled;
    }

    /// Attention multiplies in BF16, with an F32 softmax between: within a hundredth of the largest value.
    @Test
    void attentionIsNear() {
        weight(DType.BF16, 1);
        for (int[] shape : new int[][] {{64, 4, 2, 40, 0}, {16, 2, 2, 90, 30}, {32, 1, 1, 33, 0}}) {
            int tokens = shape[3];
            int row = shape[4] == 0 ? tokens : shape[4];
            Tensor first = Tensor.allocate(arena, DType.I32, Shape.of(tokens));
            Tensor last = Tensor.allocate(arena, DType.I32, Shape.of(tokens));
            for (int t = 0; t < tokens; t++) {
                first.setInt(t, t - t % row);
                last.setInt(t, t);
            }
            Leaf from = Leaf.input("from", DType.I32, tokens);
            Leaf to = Leaf.input("to", DType.I32, tokens);
            Graph graph = new Graph();
            Leaf q = weight(DType.F32, tokens, (long) shape[0] * shape[1] * shape[2]);
            Leaf k = weight(DType.F32, tokens, (long) shape[0] * shape[2]);
            Leaf v = weight(DType.F32, tokens, (long) shape[0] * shape[2]);
            Leaf dOut = weight(DType.F32, tokens, (long) shape[0] * shape[1] * shape[2]);
            List<Result> forward = graph.recordNode(new Attention(shape[0], shape[4]), q, k, v, from, to).results;
            Map<String, Value> wanted = new LinkedHashMap<>(Map.of("out", forward.get(0), "lse", forward.get(1)));
            for (Result gradient : graph.recordNode(new Attention.Gradient(shape[0], shape[4]), q, k, v, from, to,
                    forward.get(0), forward.get(1), dOut).results) {
                wanted.put("gradient" + wanted.size(), gradient);
            }
            Program program = Program.of(graph, wanted);
            Map<String, float[]> expected = attention(Devices.byName("scalar").open(resident), program, first, last);
            Map<String, float[]> actual = attention(
                    new GpuSession(resident, ProductMode.BF16, GpuSession.Limits.usual()), program, first, last);
            expected.forEach((name, want) -> {
                double most = 0;
                double difference = 0;
                for (int i = 0; i < want.length; i++) {
                    most = Math.max(most, Math.abs(want[i]));
                    difference = Math.max(difference, Math.abs((double) want[i] - actual.get(name)[i]));
                }
                assertTrue(difference <= 1e-2 * most, name + " differs by " + difference + " of " + most);
                assertTrue(difference > 0, name + " is not rounded");
            });
        }
    }

    private static Map<String, float[]> attention(Session opened, Program plan, Tensor first, Tensor last) {
        Map<String, float[]> results = new LinkedHashMap<>();
        try (Session session = opened) {
            Executable program = session.compile(plan);
            program.input("from").data().copyFrom(first.data());
            program.input("to").data().copyFrom(last.data());
            program.run();
            plan.outputs().keySet().forEach(name -> results.put(name, program.output(name).toFloats()));
        }
        return results;
    }

    /// A model with only F32 weights has no product in BF16.
    @Test
    void fullModelsStayAsTheyAre() {
        assertEquals(ProductMode.F32, ProductMode.BF16.of(List.of(Tensor.allocate(arena, DType.F32, Shape.of(1)))));
        assertEquals(ProductMode.BF16, ProductMode.BF16.of(List.of(Tensor.allocate(arena, DType.Q8_0, Shape.of(32)))));
    }
}

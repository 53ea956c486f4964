package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Attention;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Result;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.kernels.DecodeAttentionKernels;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.Test;

/// Attention of few tokens to a cache does not read rows outside `first` to `last`.
class FewTokensReadOnlyTheirRowsTest {
    private final SplittableRandom random = new SplittableRandom(17);

    /// @param first for every token; for token t, the last is `last + t`
    private record Case(int headDim, int shared, int kvHeads, int rows, int tokens, int first, int last) {}

    @Test
    void likeTheScalarLoops() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        int tile = DecodeAttentionKernels.TILE;
        int round = tile * DecodeAttentionKernels.SPLITS;
        for (Case at : List.of(new Case(128, 4, 2, 200, 1, 0, 99), new Case(128, 1, 1, 40, 1, 0, 0),
                new Case(64, 4, 2, tile, 1, 0, tile - 1), new Case(64, 5, 2, 3 * tile, 3, 7, 2 * tile - 1),
                new Case(16, 8, 1, round + 100, 2, 0, round + 40),
                new Case(4, 3, 1, 2 * round + tile, 1, 5, 2 * round + 3), new Case(8, 2, 3, 50, 15, 2, 20),
                new Case(8, 1, 2, 9, 1, 3, 2))) {
            check(at);
        }
    }

    private void check(Case at) {
        try (Arena arena = Arena.ofShared()) {
            Map<String, Tensor> resident = new HashMap<>();
            Graph g = new Graph();
            Leaf q = Leaf.weight("q", DType.F32, at.tokens, (long) at.shared * at.kvHeads * at.headDim);
            Leaf k = Leaf.weight("k", DType.F32, at.rows, (long) at.kvHeads * at.headDim);
            Leaf v = Leaf.weight("v", DType.F32, at.rows, (long) at.kvHeads * at.headDim);
            resident.put("q", numbers(arena, q.shape(), 0, at.tokens));
            resident.put("k", numbers(arena, k.shape(), at.first, at.last + at.tokens));
            resident.put("v", numbers(arena, v.shape(), at.first, at.last + at.tokens));
            List<Result> attention = g.recordNode(new Attention(at.headDim, 0), q, k, v,
                    Leaf.input("first", DType.I32, at.tokens), Leaf.input("last", DType.I32, at.tokens)).results;
            Program program = Program.of(g, Map.of("out", attention.get(0), "lse", attention.get(1)));
            Map<String, float[]> expected = run(Devices.byName("scalar").open(resident), program, at);
            Map<String, float[]> actual = run(new GpuSession(resident, ProductMode.chosen(), GpuSession.Limits.usual()),
                    program, at);
            expected.forEach((name, want) -> {
                for (int i = 0; i < want.length; i++) {
                    assertEquals(want[i], actual.get(name)[i], 5e-6f, at + ": " + name + " " + i);
                }
            });
        }
    }

    /// Random in the rows `from` to `to`, exclusive, and NaN elsewhere.
    private Tensor numbers(Arena arena, Shape shape, int from, int to) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, shape);
        long width = shape.dim(1);
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, i / width >= from && i / width < to ? (float) random.nextDouble(-2, 2) : Float.NaN);
        }
        return tensor;
    }

    private static Map<String, float[]> run(Session opened, Program plan, Case at) {
        try (Session session = opened) {
            Executable program = session.compile(plan);
            for (int t = 0; t < at.tokens; t++) {
                program.input("first").setInt(t, at.first);
                program.input("last").setInt(t, at.last + t);
            }
            program.run();
            program.run();
            return Map.of("out", program.output("out").toFloats(), "lse", program.output("lse").toFloats());
        }
    }
}

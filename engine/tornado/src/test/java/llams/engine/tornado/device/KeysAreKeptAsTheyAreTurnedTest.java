package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.CacheAppend;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.Test;

/// The four ops before attention to a cache are one launch with their results: rotated queries, rotated keys, and the
/// rows of both caches.
class KeysAreKeptAsTheyAreTurnedTest {
    private static final int ROWS = 9;

    @Test
    void asTheFourOps() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        for (int[] shape : new int[][] {{1, 6, 4, 2}, {3, 2, 3, 1}, {5, 64, 8, 2}}) {
            int tokens = shape[0];
            int headDim = shape[1];
            try (Arena arena = Arena.ofShared()) {
                Map<String, float[]> expected = run(arena, shape, false, tokens, headDim, List.of());
                List<Kernel> launched = new ArrayList<>();
                Map<String, float[]> actual = run(arena, shape, true, tokens, headDim, launched);
                expected.forEach((name, want) -> assertArrayEquals(want, actual.get(name), 2e-6f, name));
                assertEquals(1, launched.stream().filter(kernel -> kernel == Kernel.TURN_AND_KEEP).count());
                assertEquals(0,
                        launched.stream().filter(kernel -> kernel == Kernel.PUT_ROWS || kernel == Kernel.ROPE).count());
            }
        }
    }

    private static Map<String, float[]> run(Arena arena, int[] shape, boolean isOnDevice, int tokens, int headDim,
            List<Kernel> launched) {
        SplittableRandom same = new SplittableRandom(31);
        Map<String, Tensor> resident = new LinkedHashMap<>();
        Graph g = new Graph();
        Leaf table = leaf(resident, arena, same, Leaf.Kind.WEIGHT, "table", ROWS, headDim);
        Value q = g.scale(leaf(resident, arena, same, Leaf.Kind.WEIGHT, "q", tokens, shape[2] * shape[3] * headDim), 2);
        Value k = g.scale(leaf(resident, arena, same, Leaf.Kind.WEIGHT, "k", tokens, shape[3] * headDim), 2);
        Value v = g.scale(leaf(resident, arena, same, Leaf.Kind.WEIGHT, "v", tokens, shape[3] * headDim), 2);
        Leaf keys = leaf(resident, arena, same, Leaf.Kind.STATE, "keys", ROWS, shape[3] * headDim);
        Leaf values = leaf(resident, arena, same, Leaf.Kind.STATE, "values", ROWS, shape[3] * headDim);
        Leaf at = Leaf.input("at", DType.I32, tokens);
        Leaf slots = Leaf.input("slots", DType.I32, tokens);
        Value turnedQ = g.rope(q, table, at, headDim);
        Value turnedK = g.rope(k, table, at, headDim);
        g.record(new CacheAppend(), keys, turnedK, slots);
        g.record(new CacheAppend(), values, v, slots);
        Program plan = Program.of(g, Map.of("q", turnedQ, "k", turnedK));
        Map<String, float[]> results = new LinkedHashMap<>();
        try (Session session = isOnDevice
                ? new GpuSession(resident, ProductMode.chosen(), GpuSession.Limits.usual(),
                        new WatchedLauncher(GpuSession.launcher(LaunchMode.chosen()), launched))
                : Devices.byName("scalar").open(resident)) {
            Executable program = session.compile(plan);
            for (int t = 0; t < tokens; t++) {
                program.input("at").setInt(t, (2 * t + 3) % ROWS);
                program.input("slots").setInt(t, (4 * t + 5) % ROWS);
            }
            program.run();
            program.run();
            plan.outputs().keySet().forEach(name -> results.put(name, program.output(name).toFloats()));
            results.put("keys", session.read("keys").toFloats());
            results.put("values", session.read("values").toFloats());
        }
        return results;
    }

    private static Leaf leaf(Map<String, Tensor> resident, Arena arena, SplittableRandom random, Leaf.Kind kind,
            String name, int rows, int width) {
        Leaf leaf = kind == Leaf.Kind.STATE
                ? Leaf.state(name, DType.F32, rows, width)
                : Leaf.weight(name, DType.F32, rows, width);
        Tensor tensor = Tensor.allocate(arena, DType.F32, leaf.shape());
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) random.nextDouble(-1, 1));
        }
        resident.put(name, tensor);
        return leaf;
    }
}

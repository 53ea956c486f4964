package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
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
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.SquaredNorm;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.Test;

/// The sum of many gradients' squared norms is computed in one go where they are adjacent, whatever their sizes, and
/// one by one if a single norm is an output too.
class ManySquaredNormsAreOneTest {
    private static final int TENSORS = 20;

    @Test
    void theSumAlone() {
        assertEquals(List.of(Kernel.PARTIAL_SQUARES, Kernel.SCALED_SUM), check(false));
    }

    @Test
    void aNormIsAskedForToo() {
        List<Kernel> launched = check(true);
        assertEquals(TENSORS, launched.stream().filter(kernel -> kernel == Kernel.SCALED_SUM).count());
        assertTrue(launched.contains(Kernel.ADD));
    }

    private static List<Kernel> check(boolean isOneAsked) {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        try (Arena arena = Arena.ofShared()) {
            SplittableRandom random = new SplittableRandom(23);
            Map<String, Tensor> resident = new LinkedHashMap<>();
            Graph g = new Graph();
            List<Value> norms = new ArrayList<>();
            for (int i = 0; i < TENSORS; i++) {
                // Of all sizes, so that there is room behind some.
                Leaf gradient = Leaf.state("gradient." + i, DType.F32, 7 + 29 * i, 3);
                Tensor tensor = Tensor.allocate(arena, DType.F32, gradient.shape());
                for (long e = 0; e < tensor.elements(); e++) {
                    tensor.setFloat(e, (float) random.nextDouble(-1, 1));
                }
                resident.put(gradient.name(), tensor);
                norms.add(g.record(new SquaredNorm(), gradient));
            }
            Map<String, Value> outputs = new LinkedHashMap<>(
                    Map.of("sum", norms.stream().reduce(g::add).orElseThrow()));
            if (isOneAsked) {
                outputs.put("one", norms.get(3));
            }
            Program program = Program.of(g, outputs);
            Map<String, Float> expected = run(Devices.byName("scalar").open(resident), program);
            List<Kernel> launched = new ArrayList<>();
            Map<String, Float> actual = run(new GpuSession(resident, ProductMode.chosen(), GpuSession.Limits.usual(),
                    new WatchedLauncher(GpuSession.launcher(LaunchMode.chosen()), launched)), program);
            expected.forEach((name, want) -> assertEquals(want, actual.get(name), 1e-5f * want, name));
            return launched;
        }
    }

    private static Map<String, Float> run(Session opened, Program plan) {
        try (Session session = opened) {
            Executable program = session.compile(plan);
            program.run();
            Map<String, Float> results = new LinkedHashMap<>();
            plan.outputs().keySet().forEach(name -> results.put(name, program.output(name).getFloat(0)));
            return results;
        }
    }
}

package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.HashMap;
import java.util.Map;
import java.util.SplittableRandom;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.Test;

/// A model spread over several arrays of the device gives the same results as in one, however its layers fall.
class WeightsInManyBlocksTest {
    private static final int DIM = 24;
    private static final int LAYERS = 7;

    @Test
    void layersShareGraphsAndNotMemory() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        try (Arena arena = Arena.ofShared()) {
            SplittableRandom random = new SplittableRandom(5);
            Map<String, Tensor> resident = new HashMap<>();
            Graph g = new Graph();
            Value x = weight("x", 5, resident, arena, random);
            for (int layer = 0; layer < LAYERS; layer++) {
                Value up = g.matMul(x, false, weight("layer." + layer + ".up", DIM, resident, arena, random), true);
                Value gate = g.matMul(x, false, weight("layer." + layer + ".gate", DIM, resident, arena, random), true);
                x = g.add(g.scale(x, 0.5f),
                        g.rmsNorm(g.swiGlu(gate, up), scales(layer, resident, arena, random), 1e-5f));
            }
            Program program = Program.of(g, Map.of("y", x));
            float[] expected = run(Devices.byName("scalar").open(resident), program);
            long one = DeviceBlock.aligned(DIM * DIM);
            for (long limit : new long[] {DeviceBlock.LIMIT, LAYERS * one, 3 * one, 1}) {
                assertArrayEquals(expected, run(
                        new GpuSession(resident, ProductMode.chosen(), new GpuSession.Limits(limit, 1 << 20, 1 << 16)),
                        program), 1e-4f);
            }
        }
    }

    private static Leaf weight(String name, int rows, Map<String, Tensor> resident, Arena arena,
            SplittableRandom random) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(rows, DIM));
        for (long i = 0; i < tensor.elements(); i++) {
            tensor.setFloat(i, (float) random.nextDouble(-1, 1));
        }
        resident.put(name, tensor);
        return Leaf.weight(name, DType.F32, rows, DIM);
    }

    private static Leaf scales(int layer, Map<String, Tensor> resident, Arena arena, SplittableRandom random) {
        Tensor tensor = Tensor.allocate(arena, DType.F32, Shape.of(DIM));
        for (long i = 0; i < DIM; i++) {
            tensor.setFloat(i, (float) random.nextDouble(1, 2));
        }
        resident.put("layer." + layer + ".norm", tensor);
        return Leaf.weight("layer." + layer + ".norm", DType.F32, DIM);
    }

    private static float[] run(Session opened, Program plan) {
        try (Session session = opened) {
            Executable program = session.compile(plan);
            program.run();
            return program.output("y").toFloats();
        }
    }
}

package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Gpu;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// What the CUDA driver refuses is an error and yields no numbers; what it accepts after that is right.
class RefusedLaunchIsAnErrorTest {
    @BeforeEach
    void needsCuda() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        assumeTrue(Gpu.backend() == TornadoVMBackendType.CUDA,
                () -> "TornadoVM's backend is " + Gpu.backend() + ", not CUDA");
    }

    @Test
    void aGridTooLarge() {
        for (LaunchMode launches : new LaunchMode[] {LaunchMode.STREAM, LaunchMode.EACH, LaunchMode.GRAPH}) {
            try (Launcher launcher = GpuSession.launcher(launches)) {
                DeviceBlock block = launcher.allocate(DeviceBlock.Kind.FLOATS, 64);
                DeviceBlock ints = launcher.allocate(DeviceBlock.Kind.INTS, 1024);
                // Of groups in the second direction 65535 are possible.
                Launch launch = new Launch(Kernel.FILL, List.of(block), new int[3], 1, 70_000, 1, "test", null);
                try (Launcher.Prepared prepared = launcher.prepare(List.of(launch), ints, block, 64, null)) {
                    String message = assertThrows(IllegalStateException.class, prepared::run).getMessage();
                    assertTrue(
                            message.contains("FILL") && message.contains("70000") && message.contains("CUDA's error 1"),
                            message);
                }
            }
        }
        assertArrayEquals(new float[] {2, 2, 2}, doubled());
    }

    @Test
    void moreMemoryThanMayBeUsed() {
        String limit = System.getProperty("tornado.device.memory");
        // What TornadoVM takes where nothing is said.
        System.setProperty("tornado.device.memory", limit == null ? "4GB" : limit);
        try (Launcher launcher = GpuSession.launcher(LaunchMode.STREAM)) {
            String message = assertThrows(IllegalStateException.class, () -> {
                for (int i = 0; i < 40; i++) {
                    launcher.allocate(DeviceBlock.Kind.FLOATS, DeviceBlock.LIMIT);
                }
            }).getMessage();
            assertTrue(message.contains("out of device memory") && message.contains("use fewer tokens"), message);
        } finally {
            if (limit == null) {
                System.clearProperty("tornado.device.memory");
            }
        }
    }

    private static float[] doubled() {
        Graph g = new Graph();
        Leaf one = Leaf.input("one", DType.F32, 3);
        Program plan = Program.of(g, Map.of("two", g.scale(one, 2)));
        try (Arena arena = Arena.ofConfined();
                Session session = new GpuSession(Map.of(), ProductMode.KERNELS, GpuSession.Limits.usual())) {
            Executable program = session.compile(plan);
            program.input("one").data().copyFrom(Tensor.of(arena, one.shape(), new float[] {1, 1, 1}).data());
            program.run();
            program.run();
            return program.output("two").toFloats();
        }
    }
}

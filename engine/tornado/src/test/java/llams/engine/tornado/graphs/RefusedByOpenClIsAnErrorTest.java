package llams.engine.tornado.graphs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.util.Arrays;
import java.util.List;
import llams.engine.tornado.device.GpuDevice;
import llams.engine.tornado.launch.Gpu;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.KernelContext;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;

/// A command that an OpenCL driver refuses is an error that names it and yields no numbers; TornadoVM itself only
/// prints it.
class RefusedByOpenClIsAnErrorTest {
    private static final int GROUP = 64;
    private final FloatArray x = new FloatArray(4 * GROUP);

    @BeforeEach
    void needsOpenCl() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        assumeTrue(Gpu.backend() == TornadoVMBackendType.OPENCL,
                () -> "TornadoVM's backend is " + Gpu.backend() + ", not OpenCL");
    }

    public static void addOne(KernelContext c, FloatArray x) {
        x.set(c.globalIdx, x.get(c.globalIdx) + 1.0f);
    }

    /// OpenCL defines this as a number, so no kernel can have the name.
    public static void M_PI(KernelContext c, FloatArray x) {
        x.set(c.globalIdx, 2.0f);
    }

    private TornadoGraph graph(int tasks, long... threads) {
        TornadoGraph graph = new TornadoGraph().send(x);
        for (int i = 0; i < tasks; i++) {
            TornadoGraph.Task task = graph.task(GROUP, 1, "addition " + i);
            task.grid().setGlobalWork(threads[i], 1, 1);
            graph.taskGraph().task(task.id(), RefusedByOpenClIsAnErrorTest::addOne, TornadoGraph.CONTEXT, x);
        }
        return graph;
    }

    private static void isRefused(TornadoGraph graph, String... words) {
        String message = assertThrows(IllegalStateException.class, graph::run).getMessage();
        for (String word : words) {
            assertTrue(message.contains(word), message);
        }
        assertTrue(message.contains(Gpu.name()) && message.contains("--device cpu"), message);
    }

    private void isTaken() {
        x.init(1);
        try (TornadoGraph graph = graph(2, GROUP, 2 * GROUP).fetch(x)) {
            graph.run();
            graph.run();
        }
        assertEquals(List.of(5f, 3f, 1f), List.of(x.get(0), x.get(GROUP), x.get(3 * GROUP)));
    }

    @Test
    void aKernelThatDoesNotCompile() {
        TornadoGraph graph = graph(1, GROUP);
        TornadoGraph.Task task = graph.task(GROUP, 1, "PI for Test 3x4");
        task.grid().setGlobalWork(GROUP, 1, 1);
        graph.taskGraph().task(task.id(), RefusedByOpenClIsAnErrorTest::M_PI, TornadoGraph.CONTEXT, x);
        for (int run = 0; run < 2; run++) {
            isRefused(graph, "PI for Test 3x4 could not be compiled");
        }
        isTaken();
    }

    /// 65 threads do not divide into groups of 64.
    @Test
    void aLaunch() {
        try (TornadoGraph graph = graph(3, GROUP, GROUP + 1, GROUP)) {
            for (int run = 0; run < 2; run++) {
                isRefused(graph, "refused addition 1", "65", "64");
            }
        }
        isTaken();
    }

    /// More commands in all than TornadoVM keeps events for.
    @Test
    void aLateLaunch() {
        long[] threads = new long[100];
        Arrays.fill(threads, GROUP);
        try (TornadoGraph graph = graph(100, threads)) {
            for (int run = 0; run < 12; run++) {
                graph.run();
            }
        }
        threads[99] = GROUP - 1;
        try (TornadoGraph graph = graph(100, threads)) {
            isRefused(graph, "refused addition 99");
        }
    }

    @Test
    void aGroupTooLarge() {
        int threads = Math.toIntExact(Gpu.groupLimit()) + 1;
        String message = assertThrows(IllegalStateException.class,
                () -> new TornadoGraph().task(threads, 1, "addition")).getMessage();
        assertTrue(message.contains("addition needs groups of " + threads), message);
        assertTrue(Gpu.groupTooSmall(256).orElseThrow().contains("256 threads at most, and 512 are needed"));
    }
}

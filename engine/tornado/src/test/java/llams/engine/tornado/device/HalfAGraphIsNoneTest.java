package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Optional;
import llams.engine.device.Executable;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.cuda.CudaDriver;
import llams.engine.tornado.launch.Gpu;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// If a CUDA graph cannot be made, at whatever step, one line says so, once, and the program's results are right, then
/// and later. A real driver cannot be told to refuse; a stand-in for it, which runs all of this without a card, can.
@SuppressWarnings("restricted")
class HalfAGraphIsNoneTest {
    private static final int LAUNCHES = 0;
    private static final int GRAPHS = 2;
    private static final float[] START = {1, -2, 3, 0.5f};

    @BeforeEach
    void needsCuda() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        assumeTrue(Gpu.backend() == TornadoVMBackendType.CUDA,
                () -> "TornadoVM's backend is " + Gpu.backend() + ", not CUDA");
        assumeTrue(LaunchMode.chosen() == LaunchMode.GRAPH,
                () -> "launches go as " + LaunchMode.chosen() + ", not as graphs");
    }

    private static MethodHandle standIn(String library, String name, MemoryLayout... arguments) {
        Optional<MethodHandle> found = Optional.empty();
        try {
            found = SymbolLookup.libraryLookup(library, Arena.global())
                    .find(name)
                    .map(function -> Linker.nativeLinker()
                            .downcallHandle(function, FunctionDescriptor.of(ValueLayout.JAVA_INT, arguments)));
        } catch (IllegalArgumentException e) {
            // It is not there at all.
        }
        assumeTrue(found.isPresent(), () -> library + " is no stand-in, and cannot be told to refuse anything");
        return found.get();
    }

    @FunctionalInterface
    private interface Refusal {
        void arm() throws Throwable;
    }

    @Test
    void refusedLaunches() throws Throwable {
        MethodHandle fail = standIn(CudaDriver.LIBRARY, "fake_fail", ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG);
        for (long launch = 1; launch <= 3; launch++) {
            long at = launch;
            fallsBack(ProductMode.KERNELS, () -> assertEquals(0, (int) fail.invoke(LAUNCHES, at)), "the launch of ");
        }
    }

    @Test
    void aGraphThatTheDriverDoesNotTake() throws Throwable {
        MethodHandle fail = standIn(CudaDriver.LIBRARY, "fake_fail", ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG);
        fallsBack(ProductMode.KERNELS, () -> assertEquals(0, (int) fail.invoke(GRAPHS, 1L)), "cuGraphInstantiate");
    }

    @Test
    void aRefusedProduct() throws Throwable {
        MethodHandle fail = standIn("libcublas.so.13", "fake_fail_product", ValueLayout.JAVA_LONG);
        fallsBack(ProductMode.F32, () -> assertEquals(0, (int) fail.invoke(1L)), "cublasGemmEx");
    }

    private static void fallsBack(ProductMode products, Refusal refusal, String reason) throws Throwable {
        try (Arena arena = Arena.ofShared()) {
            Tensor total = Tensor.of(arena, Shape.of(1, 4), START);
            Graph g = new Graph();
            Leaf sum = Leaf.state("total", DType.F32, 1, 4);
            Leaf x = Leaf.input("x", DType.F32, 1, 4);
            Value y = g.matMul(g.scale(x, 2), false, Leaf.input("w", DType.F32, 4, 4), true);
            g.accumulate(sum, g.scale(y, 0.5f), 0);
            Program plan = Program.of(g, Map.of("y", y));
            try (GpuSession session = new GpuSession(Map.of("total", total), products, GpuSession.Limits.usual())) {
                Executable program = session.compile(plan);
                for (int i = 0; i < 4; i++) {
                    program.input("x").setFloat(i, i + 1);
                    program.input("w").setFloat(5 * i, 1);
                }
                assertEquals("", run(program, 1, session));
                refusal.arm();
                String said = run(program, 2, session);
                assertTrue(said.contains("no CUDA graph of ") && said.contains(reason) && said.lines().count() == 1,
                        said);
                assertEquals("", run(program, 3, session));
                assertEquals("", run(program, 4, session));
            }
        }
    }

    /// Runs it and checks the results of `runs` runs; returns what went to stderr.
    private static String run(Executable program, int runs, GpuSession session) {
        ByteArrayOutputStream told = new ByteArrayOutputStream();
        PrintStream usual = System.err;
        System.setErr(new PrintStream(told, true, StandardCharsets.UTF_8));
        try {
            program.run();
        } finally {
            System.setErr(usual);
        }
        assertArrayEquals(new float[] {2, 4, 6, 8}, program.output("y").toFloats());
        float[] expected = START.clone();
        for (int i = 0; i < expected.length; i++) {
            expected[i] += runs * (i + 1);
        }
        assertArrayEquals(expected, session.read("total").toFloats());
        return told.toString(StandardCharsets.UTF_8);
    }
}

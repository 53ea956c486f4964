package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
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
import llams.engine.tornado.kernels.Kernel;
import llams.engine.tornado.launch.Gpu;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.lowering.ProductMode;
import llams.engine.tornado.lowering.VisibleRows;
import org.junit.jupiter.api.Test;
import uk.ac.manchester.tornado.api.enums.TornadoVMBackendType;

/// A prompt's pieces read a cache up to its filled rows, rounded up ([VisibleRows]): the rows after those, here NaN, do
/// not matter, and runs are right in any order.
class PromptsLeaveEmptyRowsAloneTest {
    private static final int ROWS = 1900;
    private static final int HEAD_DIM = 16;
    private static final int KV_HEADS = 2;
    private static final int HEADS = 4;
    /// Where pieces begin: some twice in a row, so that their CUDA graph runs, and again after others; with 40 tokens,
    /// two end at the last row of one number of rows and at the first of the next.
    private static final int[] POSITIONS = {0, 217, 230, 0, 216, 1100, ROWS - 40, 230, 1100, 1100, 0, ROWS - 40,
            ROWS - 80};

    private final SplittableRandom random = new SplittableRandom(23);

    @Test
    void numbersOfRowsAreFewAndSuffice() {
        int before = 0;
        int different = 0;
        for (int rows = 0; rows <= 131_072; rows++) {
            int rounded = VisibleRows.roundedUp(rows);
            assertEquals(0, rounded % VisibleRows.STEP);
            assertTrue(
                    rounded >= rows && rounded >= before && rounded <= Math.max(rows + VisibleRows.STEP, rows * 3L / 2),
                    rows + " became " + rounded);
            different += rounded > before ? 1 : 0;
            before = rounded;
        }
        assertEquals(18, different);
    }

    @Test
    void likeTheScalarLoops() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        boolean isCuda = Gpu.backend() == TornadoVMBackendType.CUDA;
        for (ProductMode products : isCuda ? ProductMode.values() : new ProductMode[] {ProductMode.KERNELS}) {
            // All at once, and in pieces of which there are fewer where there are fewer keys.
            for (long scratch : new long[] {1 << 26, 60_000}) {
                check(products, scratch);
            }
        }
    }

    private void check(ProductMode products, long scratch) {
        float tolerance = products == ProductMode.BF16 ? 2e-2f : 5e-6f;
        List<Kernel> launched = new ArrayList<>();
        List<Integer> prepared = new ArrayList<>();
        try (Arena arena = Arena.ofShared();
                Session plain = Devices.byName("scalar").open(Map.of());
                Session session = new GpuSession(Map.of("half", Tensor.allocate(arena, DType.BF16, Shape.of(1))),
                        products, new GpuSession.Limits(1 << 20, scratch, 1 << 14),
                        new WatchedLauncher(GpuSession.launcher(LaunchMode.chosen()), launched, prepared))) {
            // The second needs more memory: what the first was made for is gone then.
            for (int tokens : new int[] {40, 80}) {
                Program plan = program(tokens);
                Executable expected = plain.compile(plan);
                Executable actual = session.compile(plan);
                prepared.clear();
                for (int position : POSITIONS) {
                    fill(expected, tokens, Math.min(position, ROWS - tokens));
                    for (Leaf leaf : plan.leaves()) {
                        actual.input(leaf.name()).data().copyFrom(expected.input(leaf.name()).data());
                    }
                    expected.run();
                    actual.run();
                    for (String name : plan.outputs().keySet()) {
                        float[] want = expected.output(name).toFloats();
                        float[] have = actual.output(name).toFloats();
                        for (int i = 0; i < want.length; i++) {
                            assertEquals(want[i], have[i], tolerance, products + ", scratch " + scratch + ", " + tokens
                                    + " tokens at " + position + ": " + name + " " + i);
                        }
                    }
                }
                // 256, 512, 1536 and all.
                assertEquals(4, prepared.size());
            }
        }
    }

    private static Program program(int tokens) {
        Graph g = new Graph();
        List<Result> attention = g.recordNode(new Attention(HEAD_DIM, 0),
                Leaf.input("q", DType.F32, tokens, HEADS * HEAD_DIM),
                Leaf.input("k", DType.F32, ROWS, KV_HEADS * HEAD_DIM),
                Leaf.input("v", DType.F32, ROWS, KV_HEADS * HEAD_DIM), Leaf.input("first", DType.I32, tokens),
                Leaf.input("last", DType.I32, tokens)).results;
        return Program.of(g, Map.of("out", attention.get(0), "lse", attention.get(1)));
    }

    private void fill(Executable program, int tokens, int position) {
        for (int t = 0; t < tokens; t++) {
            program.input("first").setInt(t, t < 20 ? 0 : 5);
            program.input("last").setInt(t, position + t);
        }
        int there = VisibleRows.roundedUp(position + tokens);
        for (String name : List.of("q", "k", "v")) {
            Tensor tensor = program.input(name);
            long width = tensor.shape().dim(1);
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.setFloat(i,
                        !name.equals("q") && i / width >= there ? Float.NaN : (float) random.nextDouble(-1, 1));
            }
        }
    }
}

package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.device.Executable;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.graph.Value;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Launch;
import llams.engine.tornado.launch.LaunchMode;
import llams.engine.tornado.launch.Launcher;
import llams.engine.tornado.launch.Profile;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.Test;

/// Memory for a larger program replaces what there was, and earlier programs use it too.
class GrownMemoryIsFreedTest {
    private final Arena arena = Arena.ofAuto();

    /// Tracks the blocks that it hands out.
    private record Counted(Launcher launcher, Set<DeviceBlock> held) implements Launcher {
        @Override
        public DeviceBlock allocate(DeviceBlock.Kind kind, long elements) {
            DeviceBlock block = launcher.allocate(kind, elements);
            held.add(block);
            return block;
        }

        @Override
        public void free(DeviceBlock block) {
            assertTrue(held.remove(block));
            launcher.free(block);
        }

        @Override
        public void write(MemorySegment from, DeviceBlock block, long offset) {
            assertTrue(held.contains(block));
            launcher.write(from, block, offset);
        }

        @Override
        public void read(DeviceBlock block, long offset, MemorySegment to) {
            assertTrue(held.contains(block));
            launcher.read(block, offset, to);
        }

        @Override
        public Prepared prepare(List<Launch> launches, DeviceBlock ints, DeviceBlock consts, int parameters,
                Profile profile) {
            assertTrue(held.containsAll(Launch.distinctBlocks(launches)));
            return launcher.prepare(launches, ints, consts, parameters, profile);
        }

        @Override
        public void close() {
            launcher.close();
        }
    }

    private static Program squared(String name, int tokens) {
        Graph g = new Graph();
        Leaf x = Leaf.input(name, DType.F32, tokens, 40);
        Value y = g.swiGlu(g.scale(x, 1), g.scale(x, 2));
        return Program.of(g, Map.of("y", g.matMul(y, false, g.scale(y, 0.5f), true)));
    }

    private float[] run(Executable program, String name, int tokens) {
        float[] values = new float[tokens * 40];
        for (int i = 0; i < values.length; i++) {
            values[i] = i % 7 - 3;
        }
        Tensor input = program.input(name);
        input.data().copyFrom(Tensor.of(arena, input.shape(), values).data());
        program.run();
        return program.output("y").toFloats();
    }

    @Test
    void smallLargeSmall() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        Set<DeviceBlock> held = new HashSet<>();
        Counted launcher = new Counted(GpuSession.launcher(LaunchMode.chosen()), held);
        try (GpuSession session = new GpuSession(Map.of(), ProductMode.chosen(), GpuSession.Limits.usual(), launcher)) {
            Executable small = session.compile(squared("small", 3));
            float[] first = run(small, "small", 3);
            assertArrayEquals(first, run(small, "small", 3));
            int blocks = held.size();
            Executable large = session.compile(squared("large", 300));
            // What the small one left is there until another runs.
            assertArrayEquals(first, small.output("y").toFloats());
            float[] more = run(large, "large", 300);
            for (int i = 0; i < 3; i++) {
                assertEquals(first[i], more[i], 1e-4f);
            }
            // Its inputs alone.
            assertEquals(blocks + 1, held.size());
            assertArrayEquals(first, run(small, "small", 3));
            assertArrayEquals(more, run(large, "large", 300));
        }
    }
}

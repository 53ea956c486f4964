package llams.engine.tornado.device;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.lowering.ProductMode;
import org.junit.jupiter.api.Test;

/// A session can have any number of programs, as documents of many lengths need: those that do not fit make room for
/// the one that runs.
class ProgramsShareTheirRoomTest {
    private static final int PROGRAMS = 6;

    private static Program doubled(int tokens) {
        Graph g = new Graph();
        Leaf table = Leaf.weight("table", DType.F32, 8, 4);
        return Program.of(g, Map.of("y", g.scale(g.embedding(table, Leaf.input("ids", DType.I32, tokens)), 2)));
    }

    private static void isRight(Executable program, int tokens, int round) {
        float[] expected = new float[tokens * 4];
        for (int t = 0; t < tokens; t++) {
            int id = (t + round) % 8;
            program.input("ids").setInt(t, id);
            for (int i = 0; i < 4; i++) {
                expected[4 * t + i] = 2 * (4 * id + i);
            }
        }
        program.run();
        assertArrayEquals(expected, program.output("y").toFloats());
    }

    @Test
    void inAnyOrder() {
        GpuDevice device = new GpuDevice();
        assumeTrue(device.unavailable().isEmpty(), () -> "no GPU: " + device.unavailable().orElse(""));
        float[] values = new float[32];
        for (int i = 0; i < values.length; i++) {
            values[i] = i;
        }
        // For all inputs, and the parameters of two programs.
        int ints = (1 + PROGRAMS + 2) * DeviceBlock.ALIGNMENT;
        try (Arena arena = Arena.ofShared();
                Session session = new GpuSession(Map.of("table", Tensor.of(arena, Shape.of(8, 4), values)),
                        ProductMode.KERNELS, new GpuSession.Limits(1 << 10, 1 << 10, ints))) {
            List<Executable> programs = new ArrayList<>();
            for (int i = 0; i < PROGRAMS; i++) {
                programs.add(session.compile(doubled(i + 1)));
                isRight(programs.get(i), i + 1, i);
            }
            for (int round = 0; round < 40; round++) {
                // Each three times, some of them in turn.
                int i = round % 8 < 4 ? round % 2 : round * 5 % PROGRAMS;
                for (int again = 0; again < 3; again++) {
                    isRight(programs.get(i), i + 1, round + again);
                }
            }
            session.compile(doubled(7));
            String message = assertThrows(IllegalArgumentException.class, () -> {
                for (int more = 0; more < 3; more++) {
                    isRight(session.compile(doubled(8 + more)), 8 + more, 0);
                }
            }).getMessage();
            assertTrue(
                    message.contains("more than " + ints + " integers") && message.contains("fewer different lengths"),
                    message);
        }
    }
}

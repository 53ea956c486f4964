package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import llams.engine.device.Devices;
import llams.engine.device.Executable;
import llams.engine.device.Session;
import llams.engine.graph.Graph;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Of programs for many lengths those used last are kept; one that comes back computes the same.
class RecentProgramsTest {
    private final List<Long> compiled = new ArrayList<>();
    private final List<Long> closed = new ArrayList<>();
    private boolean givesBack = true;

    /// Twice its input, of some length.
    private static Program doubled(long length) {
        Graph g = new Graph();
        return Program.of(g, Map.of("y", g.scale(Leaf.input("x", DType.F32, length), 2)));
    }

    /// The processor's session, that counts.
    private final class CountingSession implements Session {
        private final Session session = Devices.byName("cpu").open(Map.of());

        @Override
        public Executable compile(Program program) {
            Executable executable = session.compile(program);
            long length = program.outputs().get("y").type().shape().elements();
            compiled.add(length);
            return new Executable() {
                @Override
                public Tensor input(String name) {
                    return executable.input(name);
                }

                @Override
                public void run() {
                    executable.run();
                }

                @Override
                public Tensor output(String name) {
                    return executable.output(name);
                }

                @Override
                public boolean givesBack() {
                    return givesBack;
                }

                @Override
                public void close() {
                    closed.add(length);
                    executable.close();
                }
            };
        }

        @Override
        public Tensor read(String name) {
            return session.read(name);
        }

        @Override
        public void close() {
            session.close();
        }
    }

    private static void use(RecentPrograms programs, long length) {
        Executable program = programs.get(length, 0, () -> doubled(length));
        float[] wanted = new float[(int) length];
        for (int i = 0; i < length; i++) {
            program.input("x").setFloat(i, length + i);
            wanted[i] = 2 * (length + i);
        }
        program.run();
        assertArrayEquals(wanted, program.output("y").toFloats());
    }

    @Test
    void thoseUsedLastAreKept() {
        try (Session session = new CountingSession()) {
            RecentPrograms programs = new RecentPrograms(session, 1);
            for (long length : new long[] {1, 2, 3, 4, 1, 5, 1, 6, 1, 2}) {
                use(programs, length);
                assertTrue(programs.size() <= 4);
            }
            assertEquals(List.of(1L, 2L, 3L, 4L, 5L, 6L, 2L), compiled);
            assertEquals(List.of(2L, 3L, 4L), closed);
        }
    }

    @Test
    void aLargerBudgetKeepsMore() {
        try (Session session = new CountingSession()) {
            RecentPrograms programs = new RecentPrograms(session, 1 << 20);
            for (int round = 0; round < 2; round++) {
                for (long length = 1; length <= 100; length++) {
                    use(programs, length);
                }
            }
            assertEquals(100, compiled.size());
            assertEquals(100, programs.size());
        }
    }

    @Test
    void whereNothingIsGivenBackAllAreKept() {
        givesBack = false;
        try (Session session = new CountingSession()) {
            RecentPrograms programs = new RecentPrograms(session, 1);
            for (long length : new long[] {1, 2, 3, 4, 5, 6, 1, 2}) {
                use(programs, length);
            }
            assertEquals(6, programs.size());
            assertEquals(List.of(), closed);
        }
    }

    /// One document a sequence costs programs, and the forecast has them.
    @Test
    void theForecastHasThem(@TempDir Path directory) throws IOException {
        TrainSettings s = SmallRun.settings(SmallRun.LORA, 1e-2, 1, 0);
        TrainSettings unpacked = s.withPack(false);
        Supplier<Program.Memory> packs = () -> Forecast.of(SmallRun.CONFIG,
                (name, dims) -> Leaf.weight(name, DType.F32, dims), s);
        Program.Memory single = Forecast.of(SmallRun.CONFIG, (name, dims) -> Leaf.weight(name, DType.F32, dims),
                unpacked);
        long more = single.temporaries() - packs.get().temporaries();
        // 64 lengths, to train and to measure, of some 170 operations.
        assertTrue(more > 2 * 64 * 100_000L && more < 2 * 64 * 300_000L, "programs: " + more);
        assertEquals(packs.get().state(), single.state());
    }
}

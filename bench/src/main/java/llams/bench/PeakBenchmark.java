package llams.bench;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.VectorSpecies;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.CompilerControl;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.TearDown;

/// What the machine can do at most: the rates against which the other suites are seen. Each JMH thread works for
/// itself.
public class PeakBenchmark {
    /// Vectors of the width that `vectorBits` names; the class loads after that is set.
    private static final class Lanes {
        static final VectorSpecies<Float> F = species();

        private static VectorSpecies<Float> species() {
            return switch (Integer.getInteger("llams.bench.vectorBits", 0)) {
                case 128 -> FloatVector.SPECIES_128;
                case 256 -> FloatVector.SPECIES_256;
                case 512 -> FloatVector.SPECIES_512;
                default -> FloatVector.SPECIES_PREFERRED;
            };
        }
    }

    @State(Scope.Benchmark)
    public static class Width {
        @Param("0")
        public int vectorBits;

        @Setup
        public void choose() {
            System.setProperty("llams.bench.vectorBits", Integer.toString(vectorBits));
        }
    }

    /// A region that no cache holds, each thread its own.
    @State(Scope.Thread)
    public static class Region {
        private static final long BYTES = 256L << 20;
        private final Arena arena = Arena.ofShared();
        MemorySegment data;

        @Setup
        public void touch() {
            data = arena.allocate(BYTES, 4096).fill((byte) 1);
        }

        @TearDown
        public void free() {
            arena.close();
        }
    }

    private static final int ROUNDS = 10_000;
    private static final int CHAINS = 12;

    /// Twelve independent chains of fused multiply-adds in registers: more than latency times units of today's cores
    /// needs, few enough for 16 registers. Each adds to its own sum, as products of matrices do: with the sum as a
    /// factor, every operation needs a register move beside it. Compiled by itself: inside of the harness's loop it ran
    /// at half of the speed with two threads.
    @Benchmark
    @CompilerControl(CompilerControl.Mode.DONT_INLINE)
    public float fma(Width width, Work work) {
        VectorSpecies<Float> f = Lanes.F;
        FloatVector x = FloatVector.broadcast(f, 0.999f);
        FloatVector y = FloatVector.broadcast(f, 0.001f);
        FloatVector c0 = y;
        FloatVector c1 = y;
        FloatVector c2 = y;
        FloatVector c3 = y;
        FloatVector c4 = y;
        FloatVector c5 = y;
        FloatVector c6 = y;
        FloatVector c7 = y;
        FloatVector c8 = y;
        FloatVector c9 = y;
        FloatVector ca = y;
        FloatVector cb = y;
        for (int i = 0; i < ROUNDS; i++) {
            c0 = x.fma(y, c0);
            c1 = x.fma(y, c1);
            c2 = x.fma(y, c2);
            c3 = x.fma(y, c3);
            c4 = x.fma(y, c4);
            c5 = x.fma(y, c5);
            c6 = x.fma(y, c6);
            c7 = x.fma(y, c7);
            c8 = x.fma(y, c8);
            c9 = x.fma(y, c9);
            ca = x.fma(y, ca);
            cb = x.fma(y, cb);
        }
        work.add(2.0 * CHAINS * f.length() * ROUNDS, 0, 0);
        FloatVector sum = c0.add(c1).add(c2).add(c3).add(c4).add(c5).add(c6).add(c7).add(c8).add(c9).add(ca).add(cb);
        return sum.lane(0);
    }

    /// Reads memory from one end to the other.
    @Benchmark
    public float read(Width width, Region region, Work work) {
        VectorSpecies<Float> f = Lanes.F;
        MemorySegment data = region.data;
        long step = f.vectorByteSize();
        FloatVector c0 = FloatVector.zero(f);
        FloatVector c1 = c0;
        FloatVector c2 = c0;
        FloatVector c3 = c0;
        for (long at = 0; at < Region.BYTES; at += 4 * step) {
            c0 = c0.add(FloatVector.fromMemorySegment(f, data, at, ByteOrder.LITTLE_ENDIAN));
            c1 = c1.add(FloatVector.fromMemorySegment(f, data, at + step, ByteOrder.LITTLE_ENDIAN));
            c2 = c2.add(FloatVector.fromMemorySegment(f, data, at + 2 * step, ByteOrder.LITTLE_ENDIAN));
            c3 = c3.add(FloatVector.fromMemorySegment(f, data, at + 3 * step, ByteOrder.LITTLE_ENDIAN));
        }
        work.add(0, Region.BYTES, 0);
        return c0.add(c1).add(c2).add(c3).lane(0);
    }
}

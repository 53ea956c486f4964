package llams.engine.cpu;

import java.lang.foreign.MemorySegment;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorMask;
import jdk.incubator.vector.VectorOperators;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.CounterRandom;
import llams.engine.tensor.Tensor;

/// Rounding to BF16 by chance: see [llams.engine.graph.CompactAdamW].
final class StochasticRounding {
    private static final int INFINITE = 0x7f800000;

    private StochasticRounding() {}

    /// Stores `values[0 .. count - 1]` as elements `from ..` of a BF16 parameter, `from` a multiple of four.
    ///
    /// @param step   from 1
    /// @param random working memory for `count` and up to three more
    static void store(float[] values, MemorySegment target, long from, int count, CounterRandom rounding, int step,
            int[] random) {
        long first = ((long) step << 32) + (from >>> 2);
        for (int i = 0; i < count; i += 4) {
            long bits = rounding.bits(first + (i >>> 2));
            random[i] = (int) bits & 0xffff;
            random[i + 1] = (int) bits >>> 16;
            random[i + 2] = (int) (bits >>> 32) & 0xffff;
            random[i + 3] = (int) (bits >>> 48);
        }
        int i = 0;
        for (; i <= count - Simd.LANES; i += Simd.LANES) {
            IntVector bits = FloatVector.fromArray(Simd.F, values, i).reinterpretAsInts();
            IntVector rounded = bits.add(IntVector.fromArray(Simd.I, random, i));
            IntVector magnitude = bits.and(Integer.MAX_VALUE);
            VectorMask<Integer> isSpecial = magnitude.compare(VectorOperators.GE, INFINITE);
            IntVector quiet = bits.blend(bits.or(0x40 << 16), magnitude.compare(VectorOperators.GT, INFINITE));
            ShortVector upper = (ShortVector) rounded.blend(quiet, isSpecial)
                    .lanewise(VectorOperators.LSHR, 16)
                    .convertShape(VectorOperators.I2S, Simd.S, 0);
            upper.intoMemorySegment(target, (from + i) * 2, Simd.LE);
        }
        for (; i < count; i++) {
            short rounded = Float.isFinite(values[i])
                    ? (short) (Float.floatToRawIntBits(values[i]) + random[i] >>> 16)
                    : BFloat16.fromFloat(values[i]);
            target.set(Tensor.I16, (from + i) * 2, rounded);
        }
    }
}

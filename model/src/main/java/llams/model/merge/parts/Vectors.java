package llams.model.merge.parts;

import java.lang.foreign.MemorySegment;
import java.nio.ByteOrder;
import jdk.incubator.vector.DoubleVector;
import jdk.incubator.vector.FloatVector;
import jdk.incubator.vector.IntVector;
import jdk.incubator.vector.ShortVector;
import jdk.incubator.vector.VectorOperators;
import jdk.incubator.vector.VectorShape;
import jdk.incubator.vector.VectorSpecies;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.Tensor;

/// Loops over parts that the compiler does not turn into vectors by itself. Each element is computed alone, or summed in
/// its lane, so the results are those of plain loops, whatever the vectors' width.
public final class Vectors {
    private static final VectorSpecies<Float> F = FloatVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Integer> I = VectorSpecies.of(int.class, F.vectorShape());
    private static final VectorSpecies<Double> D = VectorSpecies.of(double.class, F.vectorShape());
    private static final VectorShape HALF_SHAPE = VectorShape.forBitSize(F.vectorBitSize() / 2);
    private static final VectorSpecies<Float> HALF = VectorSpecies.of(float.class, HALF_SHAPE);
    private static final VectorSpecies<Short> S = VectorSpecies.of(short.class, HALF_SHAPE);

    private Vectors() {}

    /// Widens `count` BF16 values from element `begin` into `values` from `at` on.
    static void widen(MemorySegment halves, long begin, float[] values, int at, int count) {
        int i = 0;
        for (; i < F.loopBound(count); i += F.length()) {
            ShortVector half = ShortVector.fromMemorySegment(S, halves, 2 * (begin + i), ByteOrder.LITTLE_ENDIAN);
            half.convertShape(VectorOperators.S2I, I, 0)
                    .reinterpretAsInts()
                    .lanewise(VectorOperators.LSHL, Short.SIZE)
                    .reinterpretAsFloats()
                    .intoArray(values, at + i);
        }
        for (; i < count; i++) {
            values[at + i] = BFloat16.toFloat(halves.get(Tensor.I16, 2 * (begin + i)));
        }
    }

    /// Rounds `count` values to BF16, as [BFloat16#fromFloat] does.
    static void round(float[] values, MemorySegment halves, int count) {
        int i = 0;
        for (; i < F.loopBound(count); i += F.length()) {
            IntVector bits = FloatVector.fromArray(F, values, i).reinterpretAsInts();
            IntVector rounded = bits.add(0x7fff).add(bits.lanewise(VectorOperators.LSHR, Short.SIZE).and(1));
            IntVector quiet = bits.or(0x400000);
            rounded.blend(quiet, bits.and(0x7fffffff).compare(VectorOperators.GT, 0x7f800000))
                    .lanewise(VectorOperators.LSHR, Short.SIZE)
                    .convertShape(VectorOperators.I2S, S, 0)
                    .reinterpretAsShorts()
                    .intoMemorySegment(halves, 2L * i, ByteOrder.LITTLE_ENDIAN);
        }
        for (; i < count; i++) {
            halves.set(Tensor.I16, 2L * i, BFloat16.fromFloat(values[i]));
        }
    }

    /// `y += scale (plus - minus)`, every operation rounded to f32.
    public static void addDifference(float[] y, float[] plus, float[] minus, float scale, int count) {
        int i = 0;
        for (; i < F.loopBound(count); i += F.length()) {
            FloatVector difference = FloatVector.fromArray(F, plus, i).sub(FloatVector.fromArray(F, minus, i));
            FloatVector.fromArray(F, y, i).add(difference.mul(scale)).intoArray(y, i);
        }
        for (; i < count; i++) {
            y[i] += scale * (plus[i] - minus[i]);
        }
    }

    /// Adds the squares of `x - y` to the sums of their lanes: element `at + i` to `sums[i]`.
    public static void addSquares(double[] sums, float[] x, float[] y, int at, int count) {
        int i = 0;
        for (; i < D.loopBound(count); i += D.length()) {
            DoubleVector difference = doubles(x, at + i).sub(doubles(y, at + i));
            DoubleVector.fromArray(D, sums, i).add(difference.mul(difference)).intoArray(sums, i);
        }
        for (; i < count; i++) {
            double difference = (double) x[at + i] - y[at + i];
            sums[i] += difference * difference;
        }
    }

    /// Adds the squares of `x` likewise.
    public static void addSquares(double[] sums, float[] x, int at, int count) {
        int i = 0;
        for (; i < D.loopBound(count); i += D.length()) {
            DoubleVector value = doubles(x, at + i);
            DoubleVector.fromArray(D, sums, i).add(value.mul(value)).intoArray(sums, i);
        }
        for (; i < count; i++) {
            sums[i] += (double) x[at + i] * x[at + i];
        }
    }

    private static DoubleVector doubles(float[] values, int at) {
        return (DoubleVector) FloatVector.fromArray(HALF, values, at).convertShape(VectorOperators.F2D, D, 0);
    }
}

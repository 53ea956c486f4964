package llams.model.merge.parts;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Arrays;
import java.util.Random;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// Vectors give the bits that plain loops give, in the rest that fills no vector too.
class VectorsAreLoopsTest {
    private final Random random = new Random(1);

    @Test
    void allHalvesAreWidened() {
        int count = 1 << 16;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment halves = arena.allocate(2L * count);
            float[] wanted = new float[count - 3];
            for (int i = 0; i < count; i++) {
                halves.set(Tensor.I16, 2L * i, (short) i);
                wanted[Math.max(0, i - 3)] = BFloat16.toFloat((short) i);
            }
            float[] values = new float[count - 3];
            Vectors.widen(halves, 3, values, 0, count - 3);
            assertArrayEquals(wanted, values);
        }
    }

    /// Ties, carries into the exponent, infinities and NaNs among them; what comes after the count stays.
    @Test
    void everyValueIsRoundedAlike() {
        int[] lower = {0, 1, 0x7fff, 0x8000, 0x8001, 0xffff};
        float[] values = new float[lower.length << 13];
        short[] wanted = new short[values.length];
        for (int i = 0; i < values.length; i++) {
            // Every exponent, the lowest and the highest bits of the mantissa.
            int upper = i / lower.length;
            values[i] = Float
                    .intBitsToFloat(((upper >> 4) << 7 | (upper & 8) << 3 | upper & 7) << 16 | lower[i % lower.length]);
            wanted[i] = BFloat16.fromFloat(values[i]);
        }
        wanted[values.length - 1] = 0;
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment halves = arena.allocate(2L * values.length);
            Vectors.round(values, halves, values.length - 1);
            assertArrayEquals(wanted, halves.toArray(Tensor.I16));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 7, 8, 9, 63, 64, 65})
    void differencesAndSquares(int count) {
        float[] y = random(count + 2);
        float[] plus = random(count + 2);
        float[] minus = random(count + 2);
        float[] added = y.clone();
        double[] squares = new double[count + 1];
        double[] ofDifferences = new double[count + 1];
        for (int i = 0; i < count; i++) {
            double difference = (double) plus[i + 1] - minus[i + 1];
            added[i] += 0.7f * (plus[i] - minus[i]);
            ofDifferences[i] = 1 + difference * difference;
            squares[i] = 1 + (double) plus[i + 1] * plus[i + 1];
        }
        Vectors.addDifference(y, plus, minus, 0.7f, count);
        assertArrayEquals(added, y);
        double[] sums = ones(count);
        Vectors.addSquares(sums, plus, minus, 1, count);
        assertArrayEquals(ofDifferences, sums);
        sums = ones(count);
        Vectors.addSquares(sums, plus, 1, count);
        assertArrayEquals(squares, sums);
    }

    /// And a zero, which stays.
    private static double[] ones(int count) {
        double[] ones = new double[count + 1];
        Arrays.fill(ones, 0, count, 1);
        return ones;
    }

    private float[] random(int count) {
        float[] values = new float[count];
        for (int i = 0; i < count; i++) {
            values[i] = (float) random.nextGaussian();
        }
        return values;
    }
}

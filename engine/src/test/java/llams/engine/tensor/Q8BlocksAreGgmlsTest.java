package llams.engine.tensor;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

/// A block has the bytes that GGML's reference code makes, for every kind of value that a weight can have.
class Q8BlocksAreGgmlsTest {
    private final SplittableRandom random = new SplittableRandom(8);

    private static byte[] encoded(float... values) {
        byte[] block = new byte[Q8Block.BYTES];
        Q8Block.encode(values, 0, MemorySegment.ofArray(block), 0);
        return block;
    }

    /// 32 values, the rest zeros.
    private static float[] padded(float... values) {
        return Arrays.copyOf(values, Q8Block.ELEMENTS);
    }

    private static void assertGgmls(float... values) {
        assertArrayEquals(Q8Reference.block(values, 0), encoded(values), () -> Arrays.toString(values));
    }

    /// Worked by hand: the scale is 0.5 = 0x3800, so 1.25 and -1.25 are halfway between 2 and 3.
    @Test
    void halvesAreRoundedAwayFromZero() {
        byte[] block = encoded(padded(63.5f, 1.25f, -1.25f, 0.25f, -0.25f, 1.2f, -63.5f, -0f));
        byte[] expected = new byte[Q8Block.BYTES];
        System.arraycopy(new byte[] {0, 0x38, 127, 3, -3, 1, -1, 2, -127}, 0, expected, 0, 9);
        assertArrayEquals(expected, block);
    }

    @Test
    void everyHalfAndItsNeighbours() {
        for (float amax : new float[] {127, 63.5f, 1, 0.1f, 3e-3f, 1e5f}) {
            float d = amax / 127;
            for (int q = 0; q < 127; q++) {
                float half = (q + 0.5f) * d;
                assertGgmls(padded(amax, half, Math.nextUp(half), Math.nextDown(half), -half, Math.nextUp(-half),
                        Math.nextDown(-half)));
            }
        }
    }

    @Test
    void zeros() {
        assertArrayEquals(new byte[Q8Block.BYTES], encoded(padded()));
        float[] negative = new float[Q8Block.ELEMENTS];
        Arrays.fill(negative, -0f);
        assertArrayEquals(new byte[Q8Block.BYTES], encoded(negative));
    }

    /// Scales down to f16's smallest, below it (where the scale is zero and the bytes are not), and where 1 / d
    /// overflows.
    @Test
    void everyMagnitude() {
        for (float amax = Float.MIN_VALUE; amax < 8_000_000; amax = Math.nextUp(amax * 1.37f)) {
            float[] values = new float[Q8Block.ELEMENTS];
            for (int i = 0; i < values.length; i++) {
                values[i] = (float) (amax * random.nextDouble(-1, 1));
            }
            values[random.nextInt(values.length)] = random.nextBoolean() ? amax : -amax;
            assertGgmls(values);
        }
    }

    @Test
    void randomBits() {
        float[] values = new float[Q8Block.ELEMENTS];
        for (int run = 0; run < 100_000; run++) {
            int exponent = random.nextInt(1, 149);
            for (int i = 0; i < values.length; i++) {
                int bits = random.nextInt() & 0x807fffff | Math.max(0, exponent - random.nextInt(12)) << 23;
                values[i] = Float.intBitsToFloat(bits);
            }
            assertGgmls(values);
        }
    }

    @Test
    void whatNoBlockHoldsIsRefused() {
        for (float value : new float[] {Float.NaN, Float.POSITIVE_INFINITY, Float.NEGATIVE_INFINITY}) {
            ArithmeticException e = assertThrows(ArithmeticException.class, () -> encoded(padded(1, 2, value)));
            assertTrue(e.getMessage().contains("not finite"), e.getMessage());
        }
        assertGgmls(padded(65_504f * 127));
        ArithmeticException e = assertThrows(ArithmeticException.class, () -> encoded(padded(-65_520f * 127)));
        assertTrue(e.getMessage().contains("8321040"), e.getMessage());
    }

    @Test
    void elementsAreReadThroughTheirScale() {
        Tensor tensor = Tensor.allocate(Arena.ofAuto(), DType.Q8_0, Shape.of(2, 64));
        assertEquals(4 * Q8Block.BYTES, tensor.data().byteSize());
        float[] values = new float[128];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) random.nextDouble(-3, 3);
        }
        for (int block = 0; block < 4; block++) {
            Q8Block.encode(values, 32 * block, tensor.data(), (long) Q8Block.BYTES * block);
        }
        float[] read = tensor.toFloats();
        for (int i = 0; i < values.length; i++) {
            float scale = Float.float16ToFloat(tensor.data().get(Tensor.I16, i / 32 * 34L));
            assertEquals(scale * tensor.data().get(ValueLayout.JAVA_BYTE, i / 32 * 34L + 2 + i % 32), read[i]);
            assertEquals(values[i], read[i], 3.0 / 225);
        }
        assertThrows(IllegalStateException.class, () -> tensor.setFloat(0, 1));
    }

    @Test
    void rowsAreWholeBlocks() {
        for (Shape shape : new Shape[] {Shape.of(), Shape.of(31), Shape.of(64, 172), Shape.of(32, 1)}) {
            IllegalArgumentException e = assertThrows(IllegalArgumentException.class,
                    () -> Tensor.byteSize(DType.Q8_0, shape), shape::toString);
            assertTrue(e.getMessage().contains("multiple of 32"), e.getMessage());
        }
        assertEquals(0, Tensor.byteSize(DType.Q8_0, Shape.of(0, 32)));
        assertEquals(3 * 34, Tensor.byteSize(DType.Q8_0, Shape.of(3, 32)));
    }
}

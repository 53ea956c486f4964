package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.Arrays;
import java.util.SplittableRandom;
import llams.engine.device.Options;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Q8Reference;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// Whole tensors of every type become the blocks of GGML's reference, on all threads.
class QuantizerTest {
    private static final int ROWS = 300;
    private static final int COLUMNS = 32 * 21;

    @Test
    void everyBlockOfEveryType() {
        SplittableRandom random = new SplittableRandom(5);
        try (Quantizer quantizer = new Quantizer(Options.standard())) {
            for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
                Tensor source = Tensor.allocate(Arena.ofAuto(), dtype, Shape.of(ROWS, COLUMNS));
                for (int i = 0; i < source.elements(); i++) {
                    double size = Math.pow(2, i / Q8Block.ELEMENTS % 26 - 15);
                    source.setFloat(i, (float) (size * random.nextDouble(-1, 1)));
                }
                Tensor target = Tensor.allocate(Arena.ofAuto(), DType.Q8_0, source.shape());
                quantizer.quantize(source, target);
                float[] values = source.toFloats();
                for (int block = 0; block < ROWS * COLUMNS / Q8Block.ELEMENTS; block++) {
                    byte[] made = target.data()
                            .asSlice((long) block * Q8Block.BYTES, Q8Block.BYTES)
                            .toArray(ValueLayout.JAVA_BYTE);
                    int from = block * Q8Block.ELEMENTS;
                    assertArrayEquals(Q8Reference.block(values, from), made, () -> dtype + " "
                            + Arrays.toString(Arrays.copyOfRange(values, from, from + Q8Block.ELEMENTS)));
                }
            }
        }
    }

    @Test
    void whatCannotBeQuantizedIsRefused() {
        try (Quantizer quantizer = new Quantizer(Options.standard())) {
            Tensor target = Tensor.allocate(Arena.ofAuto(), DType.Q8_0, Shape.of(ROWS, COLUMNS));
            for (float bad : new float[] {Float.NaN, Float.NEGATIVE_INFINITY, 1e7f}) {
                Tensor source = Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(ROWS, COLUMNS));
                source.setFloat(source.elements() - 7, bad);
                assertThrows(ArithmeticException.class, () -> quantizer.quantize(source, target));
            }
            Tensor other = Tensor.allocate(Arena.ofAuto(), DType.F32, Shape.of(ROWS + 1, COLUMNS));
            assertTrue(
                    assertThrows(IllegalArgumentException.class, () -> quantizer.quantize(other, target)).getMessage()
                            .contains("wanted Q8_0 [301, 672]"));
        }
    }
}

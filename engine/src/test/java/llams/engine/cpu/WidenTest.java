package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import java.lang.foreign.ValueLayout;
import java.util.SplittableRandom;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// All 65536 patterns of bf16 and f16 widen exactly: subnormals, infinities and NaN included. So do blocks of every
/// scale.
@EnabledIf(value = "llams.engine.cpu.VectorWidths#isNew", disabledReason = VectorWidths.TESTED)
class WidenTest {
    @Test
    void everyScale() {
        Tensor all = Tensor.allocate(Arena.ofAuto(), DType.Q8_0, Shape.of(65536L * Q8Block.ELEMENTS));
        SplittableRandom random = new SplittableRandom(1);
        for (int block = 0; block < 65536; block++) {
            all.data().set(Tensor.I16, (long) block * Q8Block.BYTES, (short) block);
            for (int i = 0; i < Q8Block.ELEMENTS; i++) {
                all.data()
                        .set(ValueLayout.JAVA_BYTE, (long) block * Q8Block.BYTES + Q8Block.FIRST + i,
                                (byte) random.nextInt());
            }
        }
        float[] widened = new float[(int) all.elements()];
        // In pieces that begin and end anywhere in a block.
        for (int from = 0; from < widened.length;) {
            int count = Math.min(random.nextInt(200), widened.length - from);
            Widen.row(all, from, count, widened, from);
            from += count;
        }
        for (int i = 0; i < widened.length; i++) {
            float expected = all.getFloat(i);
            assertTrue(Float.isNaN(expected)
                    ? Float.isNaN(widened[i])
                    : Float.floatToRawIntBits(expected) == Float.floatToRawIntBits(widened[i]), "element " + i);
        }
    }

    /// In pieces that begin and end anywhere, of a tensor whose last block is short and whose last byte is half full.
    @Test
    void nf4() {
        SplittableRandom random = new SplittableRandom(1);
        Tensor all = new Tensors(Arena.ofAuto(), 3, 1).random(DType.NF4, 101, 333);
        float[] widened = new float[(int) all.elements()];
        for (int from = 0; from < widened.length;) {
            int count = Math.min(random.nextInt(200), widened.length - from);
            Widen.row(all, from, count, widened, from);
            from += count;
        }
        assertArrayEquals(all.toFloats(), widened);
    }

    /// In pieces that begin and end anywhere in a block, bit for bit what one element after the other gives.
    @Test
    void smallBlocks() {
        SplittableRandom random = new SplittableRandom(1);
        for (DType dtype : KernelParity.SMALL_BLOCKS) {
            Tensor all = new Tensors(Arena.ofAuto(), 3, 1).random(dtype, 37, 512);
            float[] widened = new float[(int) all.elements()];
            for (int from = 0; from < widened.length;) {
                int count = Math.min(random.nextInt(600), widened.length - from);
                Widen.row(all, from, count, widened, from);
                from += count;
            }
            for (int i = 0; i < widened.length; i++) {
                assertEquals(Float.floatToRawIntBits(all.getFloat(i)), Float.floatToRawIntBits(widened[i]),
                        dtype + " " + i);
            }
        }
    }

    @Test
    void everyPattern() {
        for (DType dtype : new DType[] {DType.BF16, DType.F16}) {
            Tensor all = Tensor.allocate(Arena.ofAuto(), dtype, Shape.of(65536));
            for (int i = 0; i < 65536; i++) {
                all.data().set(Tensor.I16, i * 2L, (short) i);
            }
            float[] widened = new float[65536];
            Widen.row(all, 0, 65536, widened, 0);
            for (int i = 0; i < 65536; i++) {
                float expected = all.getFloat(i);
                if (Float.isNaN(expected)) {
                    assertTrue(Float.isNaN(widened[i]), dtype + " " + Integer.toHexString(i));
                } else {
                    assertEquals(Float.floatToRawIntBits(expected), Float.floatToRawIntBits(widened[i]),
                            dtype + " " + Integer.toHexString(i));
                }
            }
        }
    }
}

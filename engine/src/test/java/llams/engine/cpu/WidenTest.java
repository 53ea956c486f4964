package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.foreign.Arena;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

/// All 65536 patterns of bf16 and f16 widen exactly: subnormals, infinities and NaN included.
class WidenTest {
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

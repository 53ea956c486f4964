package llams.engine.tornado.kernels;

import static org.junit.jupiter.api.Assertions.assertEquals;

import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import org.junit.jupiter.api.Test;

/// The tables give every finite 16-bit float its value, and infinities theirs.
class WideningIsExactTest {
    private static float wide(float[] tables, Widening w, int half) {
        int e = half >>> w.bits();
        return tables[w.scales() + e] * ((half - (e << w.bits())) + tables[w.ones() + e]);
    }

    @Test
    void bothTypes() {
        float[] tables = Widening.tables();
        Widening bf16 = Widening.of(DType.BF16, 0);
        Widening f16 = Widening.of(DType.F16, 0);
        for (int half = 0; half < 1 << 16; half++) {
            check(BFloat16.toFloat((short) half), wide(tables, bf16, half));
            check(Float.float16ToFloat((short) half), wide(tables, f16, half));
        }
    }

    private static void check(float expected, float actual) {
        // A NaN comes out as an infinity, which is not finite either.
        if (Float.isNaN(expected)) {
            assertEquals(false, Float.isFinite(actual));
        } else {
            assertEquals(expected, actual, 0f);
        }
    }
}

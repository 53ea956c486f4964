package llams.engine.cpu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import jdk.incubator.vector.FloatVector;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIf;

/// The vector exponential is at most 2 ulp off over its whole range, right at its ends, and the same as that of a single
/// number; sums across lanes have one order.
@EnabledIf(value = "llams.engine.cpu.VectorWidths#isNew", disabledReason = VectorWidths.TESTED)
class ExpAccuracyTest {
    private static float exp(float x) {
        float y = Simd.exp(FloatVector.broadcast(Simd.F, x)).lane(Simd.LANES - 1);
        assertEquals(y, Simd.exp(x));
        return y;
    }

    @Test
    void twoUlpOverTheRange() {
        double worst = 0;
        float worstAt = 0;
        float[] x = new float[Simd.LANES];
        float[] y = new float[Simd.LANES];
        // Every 997th float of either sign whose result is between 2^-125 and the largest float.
        for (int sign = 0; sign < 2; sign++) {
            int bits = 0;
            float end = sign == 0 ? 88.72283f : 86.6433f;
            while (Float.intBitsToFloat(bits) < end) {
                for (int lane = 0; lane < x.length; lane++, bits += 997) {
                    float magnitude = Math.min(end, Float.intBitsToFloat(bits));
                    x[lane] = sign == 0 ? magnitude : -magnitude;
                }
                Simd.exp(FloatVector.fromArray(Simd.F, x, 0)).intoArray(y, 0);
                for (int lane = 0; lane < x.length; lane++) {
                    assertEquals(y[lane], Simd.exp(x[lane]));
                    double exact = Math.exp(x[lane]);
                    double ulps = Math.abs(y[lane] - exact) / Math.ulp((float) exact);
                    if (!(ulps <= worst)) {
                        worst = ulps;
                        worstAt = x[lane];
                    }
                }
            }
        }
        assertTrue(worst <= 2, "e^" + worstAt + " is " + worst + " ulp off");
    }

    @Test
    void ends() {
        assertEquals(1, exp(0));
        assertEquals(1, exp(-0f));
        assertEquals(1, exp(Float.MIN_VALUE));
        assertEquals(Float.POSITIVE_INFINITY, exp(Float.POSITIVE_INFINITY));
        assertEquals(Float.POSITIVE_INFINITY, exp(88.7229f));
        assertEquals(Float.POSITIVE_INFINITY, exp(Float.MAX_VALUE));
        assertEquals(0, exp(Float.NEGATIVE_INFINITY));
        assertEquals(0, exp(-86.65f));
        assertEquals(0, exp(-Float.MAX_VALUE));
        assertTrue(Float.isNaN(exp(Float.NaN)));
        assertTrue(Float.isNaN(exp(Float.intBitsToFloat(0x7fc00001))));
    }

    @Test
    void sumsHaveOneOrder() {
        float[] values = new float[Simd.SUM_LANES];
        for (int i = 0; i < values.length; i++) {
            values[i] = 1f / (i + 3);
        }
        float[] expected = values.clone();
        for (int half = values.length / 2; half > 0; half /= 2) {
            for (int i = 0; i < half; i++) {
                expected[i] += expected[i + half];
            }
        }
        for (int i = 0; i < 100_000; i++) {
            assertEquals(expected[0], Simd.sum(values, 0));
        }
    }
}

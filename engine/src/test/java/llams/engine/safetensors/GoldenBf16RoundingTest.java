package llams.engine.safetensors;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import llams.engine.Golden;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;

class GoldenBf16RoundingTest {

    @Test
    void roundsToNearestEven() throws IOException {
        String name = Golden.partOrSkip(Golden.partOrSkip(Golden.MANIFEST, "bf16_rounding"), "file").asString();
        try (SafetensorsFile file = SafetensorsFile.open(Golden.pathOrSkip(name))) {
            Tensor wide = file.tensor("f32");
            Tensor narrow = file.tensor("bf16");
            assertTrue(wide.elements() > 0);
            for (long i = 0; i < wide.elements(); i++) {
                short expected = narrow.data().get(Tensor.I16, 2 * i);
                short actual = BFloat16.fromFloat(wide.getFloat(i));
                if (Float.isNaN(BFloat16.toFloat(expected))) {
                    assertTrue(Float.isNaN(BFloat16.toFloat(actual)), "element " + i + " stays a NaN");
                } else {
                    assertEquals(Integer.toHexString(expected & 0xffff), Integer.toHexString(actual & 0xffff),
                            "element " + i);
                }
            }
        }
    }
}

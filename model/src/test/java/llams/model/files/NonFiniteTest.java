package llams.model.files;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Infinities and NaN are counted, wherever they stand, and nothing else is.
class NonFiniteTest {
    @ParameterizedTest
    @EnumSource(names = {"BF16", "F16"})
    void everyBitPatternOf16Bits(DType dtype) {
        try (Arena arena = Arena.ofConfined()) {
            Tensor all = Tensor.allocate(arena, dtype, Shape.of(1 << 16));
            long expected = 0;
            for (int bits = 0; bits < 1 << 16; bits++) {
                all.data().set(Tensor.I16, 2L * bits, (short) bits);
                float value = dtype == DType.BF16 ? BFloat16.toFloat((short) bits) : Float.float16ToFloat((short) bits);
                expected += Float.isFinite(value) ? 0 : 1;
            }
            assertEquals(expected, NonFinite.count(all));
        }
    }

    @Test
    void bordersOfF32() {
        float[] values = {Float.MAX_VALUE, -Float.MAX_VALUE, Float.MIN_VALUE, -0f, Float.POSITIVE_INFINITY,
                Float.NEGATIVE_INFINITY, Float.NaN, Float.intBitsToFloat(0xff800001), Float.intBitsToFloat(0x7f7fffff)};
        try (Arena arena = Arena.ofConfined()) {
            assertEquals(4, NonFinite.count(Tensor.of(arena, Shape.of(values.length), values)));
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 3, 4, 5, 7, 8, 9, 63, 65, 16_383, 16_384, 16_385, 40_001})
    void everyPlaceOfAnyLength(int length) {
        for (DType dtype : new DType[] {DType.F32, DType.BF16, DType.F16}) {
            try (Arena arena = Arena.ofConfined()) {
                Tensor tensor = Tensor.allocate(arena, dtype, Shape.of(length));
                for (int at : new int[] {0, length / 2, length - 1}) {
                    tensor.setFloat(at, at % 2 == 0 ? Float.NaN : Float.NEGATIVE_INFINITY);
                    assertEquals(1, NonFinite.count(tensor), dtype + " at " + at);
                    tensor.setFloat(at, 1);
                }
                assertEquals(0, NonFinite.count(tensor));
            }
        }
    }

    @Test
    void otherTypesHaveNone() {
        MemorySegment ones = MemorySegment.ofArray(new byte[64]);
        ones.fill((byte) -1);
        for (DType dtype : new DType[] {DType.U8, DType.I64, DType.I32, DType.BOOL}) {
            assertEquals(0, NonFinite.count(dtype, ones));
        }
        assertEquals(8, NonFinite.count(DType.F64, ones));
        assertEquals(32, NonFinite.count(DType.BF16, ones));
        assertEquals(31, NonFinite.count(DType.F16, ones.asSlice(2)));
        assertEquals(15, NonFinite.count(DType.F32, ones.asSlice(4)));
    }
}

package llams.model.files;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// Finds values that are infinite or NaN, at the speed of reading them: eight bytes at a time, in loops that the
/// compiler makes vector code of.
///
/// Such a value has an exponent of ones. Added to its lowest bit, a one carries into the place of the sign, which was
/// cleared.
public final class NonFinite {
    private static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED;
    /// Longs that are looked at before anything is counted.
    private static final int RUN = 1 << 12;

    private NonFinite() {}

    /// How many of a tensor's values are not finite; 0 for types other than F32, BF16, F16 and F64.
    public static long count(Tensor tensor) {
        return count(tensor.dtype(), tensor.data());
    }

    /// How many of the values in `data` are not finite; 0 for types other than F32, BF16, F16 and F64.
    public static long count(DType dtype, MemorySegment data) {
        return switch (dtype) {
            case F32 -> count(data, 0x7f800000_7f800000L, 0x00800000_00800000L, 0x80000000_80000000L);
            case BF16 -> count(data, 0x7f80_7f80_7f80_7f80L, 0x0080_0080_0080_0080L, 0x8000_8000_8000_8000L);
            case F16 -> count(data, 0x7c00_7c00_7c00_7c00L, 0x0400_0400_0400_0400L, 0x8000_8000_8000_8000L);
            case F64 -> count(data, 0x7ff00000_00000000L, 0x00100000_00000000L, Long.MIN_VALUE);
            default -> 0;
        };
    }

    private static long count(MemorySegment data, long exponents, long one, long signs) {
        long longs = data.byteSize() / 8;
        long count = 0;
        for (long from = 0; from < longs; from += RUN) {
            MemorySegment run = data.asSlice(8 * from, 8 * Math.min(RUN, longs - from));
            int length = (int) (run.byteSize() / 8);
            long any = 0;
            for (int i = 0; i < length; i++) {
                any |= (run.get(LONG, 8L * i) & exponents) + one;
            }
            if ((any & signs) != 0) {
                for (int i = 0; i < length; i++) {
                    count += Long.bitCount((run.get(LONG, 8L * i) & exponents) + one & signs);
                }
            }
        }
        long last = 0;
        for (long i = 8 * longs; i < data.byteSize(); i++) {
            last |= (data.get(ValueLayout.JAVA_BYTE, i) & 0xffL) << 8 * (i - 8 * longs);
        }
        return count + Long.bitCount((last & exponents) + one & signs);
    }
}

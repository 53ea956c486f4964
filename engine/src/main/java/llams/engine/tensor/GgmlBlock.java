package llams.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// Blocks of four to six bits an element, bit for bit as GGML lays them out. All numbers of a block are little-endian,
/// `d` and `dmin` are f16, and what stands for an element is computed in f32:
///
/// | type | elements | bytes of a block, in order | an element |
/// | --- | --- | --- | --- |
/// | Q4_0 | 32 | `d`; 16 of codes | `(code - 8) d` |
/// | Q4_K | 256 | `d`, `dmin`; 12 of scales and minima; 128 of codes | `(d scale) code - dmin min` |
/// | Q5_K | 256 | `d`, `dmin`; 12 of scales and minima; 32 of fifth bits; 128 of codes | the same |
/// | Q6_K | 256 | 128 of codes; 64 of upper bits; 16 of scales, signed; `d` | `(d scale) (code - 32)` |
///
/// A byte of codes holds the lower four bits of two elements, 16 apart in Q4_0, 32 in Q4_K and Q5_K, 64 in Q6_K.
public final class GgmlBlock {
    /// Elements that share a scale in Q4_K and Q5_K.
    public static final int RUN = 32;
    /// Elements that share a scale in Q6_K.
    public static final int SHORT_RUN = 16;

    /// Where a block of Q4_K or Q5_K has its minima's `dmin`, and its 12 bytes of scales.
    public static final int DMIN = 2;
    public static final int SCALES = 4;
    /// Where the codes begin.
    public static final int Q4_0_CODES = 2;
    public static final int Q4_K_CODES = 16;
    public static final int Q5_K_CODES = 48;
    /// Where the bits begin that do not stand with the codes.
    public static final int Q5_K_BITS = 16;
    public static final int Q6_K_BITS = 128;
    public static final int Q6_K_SCALES = 192;
    public static final int Q6_K_D = 208;

    private GgmlBlock() {}

    /// Element `index`, counted from the first block at the start of `data`.
    static float decode(DType dtype, MemorySegment data, long index) {
        long block = index / dtype.blockElements * dtype.blockBytes;
        int i = (int) (index % dtype.blockElements);
        return switch (dtype) {
            case Q4_0 -> (nibble(data, block + Q4_0_CODES + i % 16, i / 16) - 8) * f16(data, block);
            case Q4_K -> scaleK(data, block, i / RUN) * nibble(data, block + Q4_K_CODES + i / 64 * 32 + i % 32, i / 32)
                    - minK(data, block, i / RUN);
            case Q5_K -> {
                int code = nibble(data, block + Q5_K_CODES + i / 64 * 32 + i % 32, i / 32);
                int fifth = data.get(ValueLayout.JAVA_BYTE, block + Q5_K_BITS + i % 32) >>> i / RUN & 1;
                yield scaleK(data, block, i / RUN) * (code | fifth << 4) - minK(data, block, i / RUN);
            }
            case Q6_K -> {
                int code = nibble(data, block + i / 128 * 64 + i % 64, i / 64);
                int upper = data.get(ValueLayout.JAVA_BYTE, block + Q6_K_BITS + i / 128 * 32 + i % 32) >>> i / 32 % 4 * 2
                        & 3;
                yield scale6(data, block, i / SHORT_RUN) * ((code | upper << 4) - 32);
            }
            default -> throw new IllegalArgumentException(dtype + " has no blocks of codes");
        };
    }

    /// The lower half of a byte, or the upper where `half` is odd.
    private static int nibble(MemorySegment data, long at, int half) {
        return data.get(ValueLayout.JAVA_BYTE, at) >>> half % 2 * 4 & 15;
    }

    private static float f16(MemorySegment data, long at) {
        return Float.float16ToFloat(data.get(Tensor.I16, at));
    }

    /// `d scale` of run `run`, of eight, of a block of Q4_K or Q5_K.
    public static float scaleK(MemorySegment data, long block, int run) {
        return f16(data, block) * sixBits(data, block + SCALES + run, run, 0);
    }

    /// `dmin min` of the same.
    public static float minK(MemorySegment data, long block, int run) {
        return f16(data, block + DMIN) * sixBits(data, block + SCALES + 4 + run, run, 4);
    }

    /// The first four scales are the lower six bits of their bytes, the minima those of the next four; of the other
    /// four, the last bytes hold the lower halves, scale below minimum, and those six bits' bytes the upper two bits.
    private static int sixBits(MemorySegment data, long at, int run, int shift) {
        if (run < 4) {
            return data.get(ValueLayout.JAVA_BYTE, at) & 63;
        }
        int lower = data.get(ValueLayout.JAVA_BYTE, at + 4 - shift) >>> shift & 15;
        return lower | (data.get(ValueLayout.JAVA_BYTE, at - 4) >>> 6 & 3) << 4;
    }

    /// `d scale` of run `run`, of sixteen, of a block of Q6_K.
    public static float scale6(MemorySegment data, long block, int run) {
        return f16(data, block + Q6_K_D) * data.get(ValueLayout.JAVA_BYTE, block + Q6_K_SCALES + run);
    }
}

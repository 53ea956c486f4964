package llams.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// One block of GGML's k-quants, 256 elements. In Q4_K and Q5_K each group of 32 has a scale and a minimum of 6 bits,
/// which multiply two f16 numbers of the block, `d` and `dmin`; in Q6_K each group of 16 has a signed scale of 8 bits,
/// which multiplies `d`.
///
/// | type | bytes, in their order | an element |
/// |---|---|---|
/// | Q4_K | `d`, `dmin`, 12 of scales and minima, 128 of `q` | `d scale q - dmin min` |
/// | Q5_K | the same with 32 of the fifth bits before those of the lower four | the same |
/// | Q6_K | 128 of the lower four bits of `q`, 64 of the upper two, 16 of scales, `d` | `d scale (q - 32)` |
///
/// Of every 64 elements in Q4_K and Q5_K, and of every 128 in Q6_K, a byte of lower bits has one of the first half in its
/// lower and one of the second in its upper half.
public final class KBlock {
    /// Elements of a block.
    public static final int ELEMENTS = 256;
    /// Bytes of a block.
    public static final int Q4_BYTES = 144;
    /// Bytes of a block.
    public static final int Q5_BYTES = 176;
    /// Bytes of a block.
    public static final int Q6_BYTES = 210;
    /// Elements that share a scale in Q4_K and Q5_K.
    public static final int GROUP = 32;
    /// Elements that share a scale in Q6_K.
    public static final int SMALL_GROUP = 16;
    /// Where `dmin` is in Q4_K and Q5_K; `d` is before it.
    public static final int MINIMUM = 2;
    /// Where the scales are in Q4_K and Q5_K.
    public static final int SCALES = 4;
    /// Where the codes are in Q4_K.
    public static final int Q4_CODES = 16;
    /// Where the fifth bits are in Q5_K.
    public static final int Q5_HIGH = 16;
    /// Where the lower bits are in Q5_K.
    public static final int Q5_CODES = 48;
    /// Where the upper bits are in Q6_K.
    public static final int Q6_HIGH = 128;
    /// Where the scales are in Q6_K.
    public static final int Q6_SCALES = 192;
    /// Where `d` is in Q6_K.
    public static final int Q6_FACTOR = 208;

    private KBlock() {}

    /// Element `index` of Q4_K, counted from the first block at the start of `data`.
    public static float decodeQ4(MemorySegment data, long index) {
        long block = index / ELEMENTS * Q4_BYTES;
        int i = (int) (index % ELEMENTS);
        return scaled(data, block, i / GROUP, nibble(data, block + Q4_CODES, i));
    }

    /// Element `index` of Q5_K likewise.
    public static float decodeQ5(MemorySegment data, long index) {
        long block = index / ELEMENTS * Q5_BYTES;
        int i = (int) (index % ELEMENTS);
        int fifth = unsigned(data, block + Q5_HIGH + i % GROUP) >>> i / GROUP & 1;
        return scaled(data, block, i / GROUP, nibble(data, block + Q5_CODES, i) | fifth << 4);
    }

    /// Element `index` of Q6_K likewise.
    public static float decodeQ6(MemorySegment data, long index) {
        long block = index / ELEMENTS * Q6_BYTES;
        int i = (int) (index % ELEMENTS);
        int half = i / 128;
        int quarter = i % 128 / 32;
        int pair = unsigned(data, block + 64 * half + i % 64);
        int upper = unsigned(data, block + Q6_HIGH + 32 * half + i % 32) >>> 2 * quarter & 3;
        int q = (quarter < 2 ? pair & 15 : pair >>> 4) | upper << 4;
        int scale = data.get(ValueLayout.JAVA_BYTE, block + Q6_SCALES + i / SMALL_GROUP);
        return Float.float16ToFloat(data.get(Tensor.I16, block + Q6_FACTOR)) * scale * (q - 32);
    }

    /// The scale of a group of Q4_K or Q5_K, 0 to 63: 4 groups have theirs in a byte each, the others' lower four bits
    /// stand in four more bytes, and the upper two above the others' scales.
    public static int scale(MemorySegment data, long block, int group) {
        long scales = block + SCALES;
        return group < 4
                ? unsigned(data, scales + group) & 63
                : unsigned(data, scales + group + 4) & 15 | unsigned(data, scales + group - 4) >>> 6 << 4;
    }

    /// The minimum of a group of Q4_K or Q5_K, 0 to 63, in the same way.
    public static int minimum(MemorySegment data, long block, int group) {
        long scales = block + SCALES;
        return group < 4
                ? unsigned(data, scales + group + 4) & 63
                : unsigned(data, scales + group + 4) >>> 4 | unsigned(data, scales + group) >>> 6 << 4;
    }

    private static float scaled(MemorySegment data, long block, int group, int q) {
        float d = Float.float16ToFloat(data.get(Tensor.I16, block));
        float dmin = Float.float16ToFloat(data.get(Tensor.I16, block + MINIMUM));
        return d * scale(data, block, group) * q - dmin * minimum(data, block, group);
    }

    /// The lower four bits of element `i` of Q4_K or Q5_K.
    private static int nibble(MemorySegment data, long codes, int i) {
        int pair = unsigned(data, codes + i / 64 * 32 + i % 32);
        return i % 64 < 32 ? pair & 15 : pair >>> 4;
    }

    private static int unsigned(MemorySegment data, long at) {
        return data.get(ValueLayout.JAVA_BYTE, at) & 255;
    }
}

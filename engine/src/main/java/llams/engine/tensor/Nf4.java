package llams.engine.tensor;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;

/// 4-bit NormalFloat with double quantization (QLoRA, arXiv 2305.14314). The elements of a tensor, row after row, form
/// blocks of 64, each with a scale, its largest magnitude. An element is one of 16 values times the scale of its block.
/// The scales are 8-bit numbers themselves: `scale = q / factor + mean`, with one mean of all scales and a factor for
/// every 256 of them. The last block, and the last of the groups of scales, have what is left.
///
/// In memory and in a file: two codes a byte, the first in its upper half; `q`, a signed byte a block; the factors, F32;
/// the mean, F32.
public final class Nf4 {
    /// Elements of a block.
    public static final int BLOCK = 64;
    /// Scales that share a factor.
    public static final int GROUP = 256;
    /// The code of zero.
    public static final int ZERO = 7;

    public static final Codebook VALUES = new Codebook(-1, -0.6962f, -0.5251f, -0.3949f, -0.2844f, -0.1848f, -0.0911f,
            0, 0.0796f, 0.1609f, 0.2461f, 0.3379f, 0.4407f, 0.5626f, 0.7230f, 1);

    private Nf4() {}

    /// Blocks of a tensor of this many elements.
    public static long blocks(long elements) {
        return Math.ceilDiv(elements, BLOCK);
    }

    /// Where the scales' bytes begin.
    public static long scalesOffset(long elements) {
        return Math.ceilDiv(elements, 2);
    }

    /// Where the factors begin.
    public static long factorsOffset(long elements) {
        return scalesOffset(elements) + blocks(elements);
    }

    /// Where the mean is.
    public static long meanOffset(long elements) {
        return factorsOffset(elements) + Math.ceilDiv(blocks(elements), GROUP) * Float.BYTES;
    }

    /// Bytes of a tensor.
    public static long bytes(long elements) {
        return meanOffset(elements) + Float.BYTES;
    }

    /// The scale of a block.
    public static float scale(MemorySegment data, long elements, long block) {
        float factor = data.get(Tensor.F32, factorsOffset(elements) + block / GROUP * Float.BYTES);
        float mean = data.get(Tensor.F32, meanOffset(elements));
        return data.get(ValueLayout.JAVA_BYTE, scalesOffset(elements) + block) / factor + mean;
    }

    /// The code of element `index`.
    public static int code(MemorySegment data, long index) {
        int pair = data.get(ValueLayout.JAVA_BYTE, index / 2);
        return (index % 2 == 0 ? pair >>> 4 : pair) & 15;
    }

    /// Element `index` of a tensor of `elements`.
    public static float decode(MemorySegment data, long elements, long index) {
        return VALUES.value(code(data, index)) * scale(data, elements, index / BLOCK);
    }
}

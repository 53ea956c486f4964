package llams.engine.tensor;

/// The element types of tensors. All that are not quantized can stand in a safetensors file, and have its names;
/// GGML's have the names of GGUF files.
public enum DType {
    F32(4), BF16(2), F16(2), F64(8), I64(8), I32(4), I16(2), I8(1), U8(1), BOOL(1),
    /// Types that a checkpoint may hold but nothing here computes with; such tensors can be listed and copied.
    U16(2), U32(4), U64(8), C64(8), F8_E4M3(1), F8_E5M2(1), F8_E8M0(1), F8_E4M3FNUZ(1), F8_E5M2FNUZ(1), F6_E2M3(4, 3),
    F6_E3M2(4, 3), F4(2, 1),
    /// GGML's blocks of 32 elements along the last axis, which share a scale: see [Q8Block].
    Q8_0(Q8Block.ELEMENTS, Q8Block.BYTES),
    /// The same with 4 bits an element: see [Q4Block].
    Q4_0(Q4Block.ELEMENTS, Q4Block.BYTES),
    /// GGML's blocks of 256 elements along the last axis, with a scale for every 32 or 16 of them: see [KBlock].
    Q4_K(KBlock.ELEMENTS, KBlock.Q4_BYTES), Q5_K(KBlock.ELEMENTS, KBlock.Q5_BYTES),
    Q6_K(KBlock.ELEMENTS, KBlock.Q6_BYTES),
    /// 4-bit values whose scales stand behind them all: see [Nf4].
    NF4(1);

    /// Elements that are stored together; 1 except for GGML's blocks and the smallest floats.
    public final int blockElements;
    /// Bytes of one block; of no meaning for NF4.
    public final int blockBytes;

    DType(int bytes) {
        this(1, bytes);
    }

    DType(int blockElements, int blockBytes) {
        this.blockElements = blockElements;
        this.blockBytes = blockBytes;
    }

    /// Bytes of this many elements, which is also the offset of element number `elements`, except in NF4.
    ///
    /// @throws IllegalArgumentException if they are not whole blocks
    /// @throws ArithmeticException      if the count overflows a `long`
    public long bytes(long elements) {
        if (this == NF4) {
            return Nf4.bytes(elements);
        }
        if (elements % blockElements != 0) {
            throw new IllegalArgumentException(
                    elements + " elements are not whole blocks of " + blockElements + " (" + this + ")");
        }
        return Math.multiplyExact(elements / blockElements, (long) blockBytes);
    }

    /// True for the types that weights may have: kernels widen them to f32 as they read.
    public boolean isWeight() {
        return this == F32 || this == BF16 || this == F16 || isQuantized();
    }

    /// True for the types that the safetensors format has.
    public boolean isInSafetensors() {
        return !isQuantized();
    }

    /// True for the types whose elements share scales.
    public boolean isQuantized() {
        return isGgmlBlocks() || this == NF4;
    }

    /// True for GGML's types of blocks, of which every row is a whole number.
    public boolean isGgmlBlocks() {
        return this == Q8_0 || this == Q4_0 || this == Q4_K || this == Q5_K || this == Q6_K;
    }
}

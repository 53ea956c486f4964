package llams.engine.tensor;

/// The element types a checkpoint can hold, by their safetensors names.
public enum DType {
    F32(4), BF16(2), F16(2), F64(8), I64(8), I32(4), I16(2), I8(1), U8(1), BOOL(1);

    /// Bytes of one element.
    public final int bytes;

    DType(int bytes) {
        this.bytes = bytes;
    }

    /// True for the types that weights may have: kernels widen them to f32 as they read.
    public boolean isWeight() {
        return this == F32 || this == BF16 || this == F16;
    }
}

package llams.engine.gguf;

import java.lang.foreign.MemorySegment;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.DType;
import llams.engine.tensor.Q4Block;
import llams.engine.tensor.Q8Block;
import llams.engine.tensor.Tensor;

/// Turns rows of floats into the types of a GGUF file, rounded or quantized as GGML does it. Holds scratch memory: one
/// for each thread.
public final class RowEncoder {
    private final KQuantizer quantizer = new KQuantizer();

    /// Writes `values[from .. from + count - 1]` to `offsetBytes` of `target`; blocks must be whole.
    ///
    /// @throws ArithmeticException      if a block cannot hold its values; says which
    /// @throws IllegalArgumentException for a type that this does not make
    public void encode(DType type, float[] values, int from, int count, MemorySegment target, long offsetBytes) {
        switch (type) {
            case F32 -> MemorySegment.copy(values, from, target, Tensor.F32, offsetBytes, count);
            case BF16 -> {
                for (int i = 0; i < count; i++) {
                    target.set(Tensor.I16, offsetBytes + 2L * i, BFloat16.fromFloat(values[from + i]));
                }
            }
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    target.set(Tensor.I16, offsetBytes + 2L * i, Float.floatToFloat16(values[from + i]));
                }
            }
            case Q8_0, Q4_0, Q4_K, Q5_K, Q6_K -> {
                for (int i = 0; i < count; i += type.blockElements) {
                    block(type, values, from + i, target, offsetBytes + type.bytes(i));
                }
            }
            default -> throw new IllegalArgumentException(type + " is no type of exported weights");
        }
    }

    private void block(DType type, float[] values, int from, MemorySegment target, long offsetBytes) {
        switch (type) {
            case Q8_0 -> Q8Block.encode(values, from, target, offsetBytes);
            case Q4_0 -> Q4Block.encode(values, from, target, offsetBytes);
            case Q4_K -> quantizer.encodeQ4(values, from, target, offsetBytes);
            case Q5_K -> quantizer.encodeQ5(values, from, target, offsetBytes);
            case Q6_K -> quantizer.encodeQ6(values, from, target, offsetBytes);
            default -> throw new IllegalArgumentException(type + " has no blocks");
        }
    }
}

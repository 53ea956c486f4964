package llams.model.merge.parts;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import llams.engine.device.VectorModule;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// A part of a tensor in f32: widened from the tensor's type, changed, and rounded back once.
///
/// F16's loops run over arrays and make no calls that are not inlined, so that the compiler vectorizes them.
public final class Floats {
    /// Elements in a part: few enough for the caches, enough for the file system.
    public static final int CAPACITY = 1 << 16;

    public final float[] values;
    private final short[] halves;
    private final MemorySegment bytes;

    /// @param capacity the most elements of a part
    /// @throws IllegalStateException if Java was started without its vector module
    public Floats(Arena arena, int capacity) {
        VectorModule.require("making a model of others needs");
        values = new float[capacity];
        halves = new short[capacity];
        bytes = arena.allocate(4L * capacity, 64);
    }

    /// Bytes of memory that one of this capacity takes.
    public static long bytes(int capacity) {
        return capacity * (long) (Float.BYTES + Short.BYTES + Float.BYTES);
    }

    /// Widens elements `begin` to `begin + count` of a tensor of a weight type into [#values].
    public void read(Tensor tensor, long begin, int count) {
        read(tensor, begin, count, 0);
    }

    /// The same into `values[at]` and those after it.
    public void read(Tensor tensor, long begin, int count, int at) {
        switch (tensor.dtype()) {
            case F32 -> MemorySegment.copy(tensor.data(), Tensor.F32, 4 * begin, values, at, count);
            case BF16 -> Vectors.widen(tensor.data(), begin, values, at, count);
            case F16 -> {
                MemorySegment.copy(tensor.data(), Tensor.I16, 2 * begin, halves, 0, count);
                for (int i = 0; i < count; i++) {
                    values[at + i] = Float.float16ToFloat(halves[i]);
                }
            }
            case Q8_0, Q4_0, Q4_K, Q5_K, Q6_K, NF4 -> {
                for (int i = 0; i < count; i++) {
                    values[at + i] = tensor.getFloat(begin + i);
                }
            }
            default -> throw new IllegalArgumentException(tensor.dtype() + " is no type of weights that can be merged");
        }
    }

    /// The first `count` values rounded to nearest even, as bytes that are valid until the next call.
    public MemorySegment rounded(DType dtype, int count) {
        switch (dtype) {
            case F32 -> MemorySegment.copy(values, 0, bytes, Tensor.F32, 0, count);
            case BF16 -> Vectors.round(values, bytes, count);
            case F16 -> {
                for (int i = 0; i < count; i++) {
                    halves[i] = Float.floatToFloat16(values[i]);
                }
                MemorySegment.copy(halves, 0, bytes, Tensor.I16, 0, count);
            }
            default -> throw new IllegalArgumentException(dtype + " is no type of weights that can be merged");
        }
        return bytes.asSlice(0, dtype.bytes(count));
    }
}

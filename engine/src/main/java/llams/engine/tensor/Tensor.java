package llams.engine.tensor;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;

/// A typed, shaped view of native little-endian memory. It does no arithmetic and owns nothing: the memory lives as
/// long as its arena (or the mapped file).
///
/// @param dtype element type
/// @param shape dimensions, outermost first; elements are contiguous, the last axis fastest
/// @param data  exactly [#byteSize] bytes; not necessarily aligned
public record Tensor(DType dtype, Shape shape, MemorySegment data) {
    /// Unaligned little-endian layouts: safetensors files do not promise alignment.
    public static final ValueLayout.OfFloat F32 = ValueLayout.JAVA_FLOAT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfDouble F64 = ValueLayout.JAVA_DOUBLE_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfShort I16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfInt I32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    public static final ValueLayout.OfLong I64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    /// @throws IllegalArgumentException if the memory's size is not the shape's
    public Tensor {
        long expected = byteSize(dtype, shape);
        if (data.byteSize() != expected) {
            throw new IllegalArgumentException(
                    "tensor " + dtype + " " + shape + " needs " + expected + " bytes, not " + data.byteSize());
        }
    }

    /// The size of one axis, as the `int` that loops count with; a negative axis counts from the last.
    public int dim(int axis) {
        return Math.toIntExact(shape.dim(axis));
    }

    /// Bytes of a tensor of this type and shape.
    ///
    /// @throws IllegalArgumentException if the count overflows a `long`, or the last axis is not made of whole blocks
    public static long byteSize(DType dtype, Shape shape) {
        if (dtype.isGgmlBlocks() && (shape.rank() == 0 || shape.dim(-1) % dtype.blockElements != 0)) {
            throw new IllegalArgumentException("tensor " + dtype + " " + shape + " is not possible: its last axis"
                    + " must be a multiple of " + dtype.blockElements);
        }
        try {
            return dtype.bytes(shape.elements());
        } catch (ArithmeticException e) {
            throw new IllegalArgumentException("tensor " + dtype + " " + shape + " has more than 2^63 bytes", e);
        }
    }

    /// A zeroed tensor, 64-byte aligned for whole vectors and cache lines.
    public static Tensor allocate(Arena arena, DType dtype, Shape shape) {
        return new Tensor(dtype, shape, arena.allocate(byteSize(dtype, shape), 64));
    }

    /// A copy of `values` as F32.
    public static Tensor of(Arena arena, Shape shape, float... values) {
        Tensor tensor = allocate(arena, DType.F32, shape);
        MemorySegment.copy(values, 0, tensor.data, F32, 0, values.length);
        return tensor;
    }

    /// A copy of `values` as I32.
    public static Tensor of(Arena arena, Shape shape, int... values) {
        Tensor tensor = allocate(arena, DType.I32, shape);
        MemorySegment.copy(values, 0, tensor.data, I32, 0, values.length);
        return tensor;
    }

    public long elements() {
        return shape.elements();
    }

    /// One element of a tensor of a weight type, widened. For tests and small things: kernels read whole rows.
    public float getFloat(long index) {
        return switch (dtype) {
            case F32 -> data.get(F32, index * 4);
            case BF16 -> BFloat16.toFloat(data.get(I16, index * 2));
            case F16 -> Float.float16ToFloat(data.get(I16, index * 2));
            case F64 -> (float) data.get(F64, index * 8);
            case Q8_0 -> Q8Block.decode(data, index);
            case Q4_0 -> Q4Block.decode(data, index);
            case Q4_K -> KBlock.decodeQ4(data, index);
            case Q5_K -> KBlock.decodeQ5(data, index);
            case Q6_K -> KBlock.decodeQ6(data, index);
            case NF4 -> Nf4.decode(data, elements(), index);
            default -> throw new IllegalStateException(dtype + " is not a weight type");
        };
    }

    /// Stores one element of an F32, BF16 or F16 tensor, rounded to nearest even.
    public void setFloat(long index, float value) {
        switch (dtype) {
            case F32 -> data.set(F32, index * 4, value);
            case BF16 -> data.set(I16, index * 2, BFloat16.fromFloat(value));
            case F16 -> data.set(I16, index * 2, Float.floatToFloat16(value));
            case F64 -> data.set(F64, index * 8, value);
            case Q8_0, Q4_0, Q4_K, Q5_K, Q6_K, NF4 -> throw new IllegalStateException(
                    "an element of " + dtype + " shares its scale with others and cannot be stored alone");
            default -> throw new IllegalStateException(dtype + " is not a weight type");
        }
    }

    /// One element of an I32 tensor.
    public int getInt(long index) {
        return data.get(I32, index * 4);
    }

    public void setInt(long index, int value) {
        data.set(I32, index * 4, value);
    }

    /// All elements, widened to f32.
    public float[] toFloats() {
        float[] values = new float[Math.toIntExact(elements())];
        if (dtype == DType.F32) {
            MemorySegment.copy(data, F32, 0, values, 0, values.length);
            return values;
        }
        for (int i = 0; i < values.length; i++) {
            values[i] = getFloat(i);
        }
        return values;
    }
}

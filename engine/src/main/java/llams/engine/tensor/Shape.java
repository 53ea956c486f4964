package llams.engine.tensor;

import java.util.Arrays;

/// The dimensions of a tensor, outermost first. Rank 0 (one element) and zero dimensions are legal, as in safetensors.
public final class Shape {
    private final long[] dims;

    private Shape(long[] dims) {
        this.dims = dims;
    }

    /// @throws IllegalArgumentException if a dimension is negative or the element count overflows a `long`
    public static Shape of(long... dims) {
        long elements = 1;
        for (long dim : dims) {
            if (dim < 0) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has a negative dimension");
            }
        }
        for (long dim : dims) {
            if (dim == 0) {
                elements = 0;
            }
        }
        if (elements != 0) {
            try {
                for (long dim : dims) {
                    elements = Math.multiplyExact(elements, dim);
                }
            } catch (ArithmeticException e) {
                throw new IllegalArgumentException("shape " + Arrays.toString(dims) + " has more than 2^63 elements",
                        e);
            }
        }
        return new Shape(dims.clone());
    }

    public int rank() {
        return dims.length;
    }

    /// The size of one axis; a negative axis counts from the last.
    public long dim(int axis) {
        return dims[axis < 0 ? dims.length + axis : axis];
    }

    public long elements() {
        long elements = 1;
        for (long dim : dims) {
            elements *= dim;
        }
        return elements;
    }

    public long[] dims() {
        return dims.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Shape shape && Arrays.equals(dims, shape.dims);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(dims);
    }

    /// As `[5, 6, 4]`.
    @Override
    public String toString() {
        return Arrays.toString(dims);
    }
}

package llams.engine.graph;

import java.lang.foreign.MemorySegment;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;

/// The inputs of a program, to be filled before a run. They begin as zeros and keep their contents between runs.
public interface Inputs {
    /// The memory of an input leaf.
    ///
    /// @throws IllegalArgumentException if the program has no such input
    Tensor input(String name);

    /// Fills an I32 input.
    ///
    /// @throws IllegalArgumentException if the program has no such input, or it is not I32 with as many elements
    default void set(Leaf leaf, int... values) {
        MemorySegment.copy(values, 0, memory(leaf, DType.I32, values.length), Tensor.I32, 0, values.length);
    }

    /// Fills an F32 input.
    ///
    /// @throws IllegalArgumentException if the program has no such input, or it is not F32 with as many elements
    default void set(Leaf leaf, float... values) {
        MemorySegment.copy(values, 0, memory(leaf, DType.F32, values.length), Tensor.F32, 0, values.length);
    }

    private MemorySegment memory(Leaf leaf, DType dtype, int count) {
        Tensor input = input(leaf.name());
        if (input.dtype() != dtype || input.elements() != count) {
            throw new IllegalArgumentException("input \"" + leaf.name() + "\" is " + input.dtype() + " " + input.shape()
                    + " and cannot hold " + count + " values of " + dtype);
        }
        return input.data();
    }
}

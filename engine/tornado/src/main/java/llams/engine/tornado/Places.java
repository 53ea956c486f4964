package llams.engine.tornado;

import java.util.List;
import java.util.Map;
import llams.engine.graph.Leaf;
import llams.engine.graph.Program;
import llams.engine.graph.Program.Place;
import llams.engine.tensor.DType;

/// Where the values of one program lie on the device.
///
/// @param leaves    by name
/// @param slab      in windows of [#WINDOW] elements
/// @param workspace what ops need for themselves
/// @param consts    the values of [Constants]
record Places(Map<String, Ref> leaves, List<Block> slab, Workspace workspace, Block consts) {
    /// No value of a slab crosses a multiple of so many elements.
    static final long WINDOW = Program.WINDOW_BYTES / Float.BYTES;

    /// Memory that every op has from its start.
    ///
    /// @param floats  of F32
    /// @param halves  of 16 bits
    /// @param rounded the left side of products in BF16, which outlives its op
    record Workspace(Block floats, Block halves, Block rounded) {
    }

    /// Elements of a [Workspace].
    record Sizes(long floats, long halves, long rounded) {
    }

    /// The first element of a value in a block.
    record Ref(Block block, int offset) {
        Ref plus(long elements) {
            return new Ref(block, Math.toIntExact(offset + elements));
        }
    }

    /// @throws IllegalArgumentException if a value of the slab is larger than a block
    Ref of(Place place) {
        return switch (place) {
            case Program.OfLeaf(Leaf leaf) -> leaves.get(leaf.name());
            case Program.InSlab(long offsetBytes, var type) -> {
                if (type.dtype() != DType.F32) {
                    throw new IllegalArgumentException("gpu: temporaries are F32, not " + type);
                }
                long first = offsetBytes / Float.BYTES;
                long elements = type.shape().elements();
                if (first / WINDOW != (first + Math.max(1, elements) - 1) / WINDOW) {
                    throw new IllegalArgumentException("gpu: a value of " + type + " has more than " + WINDOW
                            + " elements; use fewer tokens at a time");
                }
                yield new Ref(slab.get((int) (first / WINDOW)), (int) (first % WINDOW));
            }
            case Program.Unused _ -> null;
        };
    }
}

package llams.engine.tornado.lowering;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.Consumer;
import llams.engine.graph.Leaf;
import llams.engine.plan.Program;
import llams.engine.plan.Program.Place;
import llams.engine.tensor.DType;
import llams.engine.tornado.launch.DeviceBlock;
import llams.engine.tornado.launch.Ref;

/// Where the values of one program lie on the device.
///
/// @param leaves    positions by name
/// @param temporary memory that programs share
/// @param consts    the values of [ConstantTable]
public record DeviceLayout(Map<String, Ref> leaves, Temporary temporary, DeviceBlock consts) {
    /// No value of a slab crosses a multiple of this many elements.
    static final long WINDOW = Program.WINDOW_BYTES / Float.BYTES;

    /// Memory that holds nothing from one run to the next.
    ///
    /// @param slab    a program's values, in blocks of [#WINDOW] elements
    /// @param floats  an op's own scratch, in F32
    /// @param halves  an op's own scratch, in 16 bits
    /// @param rounded the left operand of products in BF16, which outlives its op
    public record Temporary(List<DeviceBlock> slab, DeviceBlock floats, DeviceBlock halves, DeviceBlock rounded) {
        /// Memory of these sizes that is not allocated, to find out what a program needs.
        public static Temporary imagined(Sizes sizes) {
            return sizes.provide(null,
                    (kind, elements) -> new DeviceBlock(kind, DeviceBlock.aligned(Math.max(1, elements)), 0),
                    block -> {});
        }
    }

    /// Elements of a [Temporary].
    public record Sizes(long slab, long floats, long halves, long rounded) {
        public Sizes most(Sizes other) {
            return new Sizes(Math.max(slab, other.slab), Math.max(floats, other.floats), Math.max(halves, other.halves),
                    Math.max(rounded, other.rounded));
        }

        /// Memory of at least these sizes: what exists where it is large enough, otherwise new memory, after freeing
        /// the old.
        ///
        /// @param have what exists, or null
        public Temporary provide(Temporary have, BiFunction<DeviceBlock.Kind, Long, DeviceBlock> allocate,
                Consumer<DeviceBlock> free) {
            List<DeviceBlock> windows = have == null ? List.of() : have.slab;
            if (windows.isEmpty() || windows.stream().mapToLong(block -> block.elements).sum() < slab) {
                windows.forEach(free);
                List<DeviceBlock> grown = new ArrayList<>();
                for (long from = 0; from == 0 || from < slab; from += WINDOW) {
                    grown.add(allocate.apply(DeviceBlock.Kind.FLOATS, Math.min(WINDOW, slab - from)));
                }
                windows = List.copyOf(grown);
            }
            return new Temporary(windows,
                    grown(have == null ? null : have.floats, DeviceBlock.Kind.FLOATS, floats, allocate, free),
                    grown(have == null ? null : have.halves, DeviceBlock.Kind.SHORTS, halves, allocate, free),
                    grown(have == null ? null : have.rounded, DeviceBlock.Kind.SHORTS, rounded, allocate, free));
        }

        private static DeviceBlock grown(DeviceBlock have, DeviceBlock.Kind kind, long elements,
                BiFunction<DeviceBlock.Kind, Long, DeviceBlock> allocate, Consumer<DeviceBlock> free) {
            if (have != null && have.elements >= elements) {
                return have;
            }
            if (have != null) {
                free.accept(have);
            }
            return allocate.apply(kind, elements);
        }
    }

    /// @throws IllegalArgumentException if a value of the slab is larger than a block
    public Ref of(Place place) {
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
                yield new Ref(temporary.slab().get((int) (first / WINDOW)), (int) (first % WINDOW));
            }
            case Program.Unused _ -> null;
        };
    }
}

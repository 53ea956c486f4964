package llams.engine.tornado.launch;

/// A large array on the device, in which tensors lie at offsets. Blocks are compared by identity.
public class DeviceBlock {
    /// What a block holds.
    public enum Kind {
        FLOATS(Float.BYTES), SHORTS(Short.BYTES), INTS(Integer.BYTES);

        public final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }
    }

    /// The most elements of a block: index arithmetic in kernels is 32-bit.
    public static final long LIMIT = (1L << 31) - (1 << 16);
    /// Offsets are multiples of this many elements: whole cache lines, and the alignment that cuBLAS asks for.
    public static final int ALIGNMENT = 64;

    public final Kind kind;
    public final long elements;
    /// The device address of its first element.
    public final long address;

    /// @param address 0 if only TornadoVM knows it, or if the block is not allocated yet
    public DeviceBlock(Kind kind, long elements, long address) {
        if (elements > LIMIT) {
            throw new IllegalArgumentException("gpu: a block of " + elements + " elements exceeds the limit of " + LIMIT
                    + "; use fewer tokens at a time");
        }
        this.kind = kind;
        this.elements = elements;
        this.address = address;
    }

    public long bytes() {
        return elements * kind.bytes;
    }

    public static long aligned(long elements) {
        return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}

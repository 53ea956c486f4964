package llams.engine.tornado.launch;

/// A large array on the device, in which tensors lie at offsets. Two blocks are the same only if they are one object.
public class DeviceBlock {
    /// What an array holds.
    public enum Kind {
        FLOATS(Float.BYTES), SHORTS(Short.BYTES), INTS(Integer.BYTES);

        public final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }
    }

    /// Elements of a block, at most: index arithmetic in kernels is 32-bit.
    public static final long LIMIT = (1L << 31) - (1 << 16);
    /// Offsets are multiples of this many elements: whole cache lines, and what library products ask for.
    public static final int ALIGNMENT = 64;

    public final Kind kind;
    public final long elements;
    /// Where its first element lies on the device.
    public final long address;

    /// @param address 0 if TornadoVM knows it, or if the block is none yet
    public DeviceBlock(Kind kind, long elements, long address) {
        if (elements > LIMIT) {
            throw new IllegalArgumentException("gpu: a block of " + elements + " elements was asked for, at most "
                    + LIMIT + " are possible; use fewer tokens at a time");
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

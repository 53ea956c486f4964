package llams.engine.tornado;

/// A large array on the device, in which tensors lie at offsets. Two blocks are the same only if they are one object.
class DeviceBlock {
    /// What an array holds.
    enum Kind {
        FLOATS(Float.BYTES), SHORTS(Short.BYTES), INTS(Integer.BYTES);

        final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }
    }

    /// Elements of a block, at most: index arithmetic in kernels is 32-bit.
    static final long LIMIT = (1L << 31) - (1 << 16);
    /// Offsets are multiples of this many elements: whole cache lines, and what library products ask for.
    static final int ALIGNMENT = 64;

    final Kind kind;
    final long elements;
    /// Where its first element lies on the device.
    final long address;

    /// @param address 0 if TornadoVM knows it, or if the block is none yet
    DeviceBlock(Kind kind, long elements, long address) {
        if (elements > LIMIT) {
            throw new IllegalArgumentException("gpu: a block of " + elements + " elements was asked for, at most "
                    + LIMIT + " are possible; use fewer tokens at a time");
        }
        this.kind = kind;
        this.elements = elements;
        this.address = address;
    }

    long bytes() {
        return elements * kind.bytes;
    }

    static long aligned(long elements) {
        return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}

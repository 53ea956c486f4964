package llams.engine.tornado;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// A large array on the device, in which tensors lie at offsets. TornadoVM gives every device array a host side of the same
/// size; this one's is a private mapping of an empty file that nobody ever touches, so it takes no memory.
///
/// Two blocks are the same only if they are one object.
final class Block {
    /// What an array holds.
    enum Kind {
        FLOATS(Float.BYTES), SHORTS(Short.BYTES), INTS(Integer.BYTES);

        final int bytes;

        Kind(int bytes) {
            this.bytes = bytes;
        }
    }

    /// Elements of a block, at most: index arithmetic in kernels is 32-bit.
    static final long LIMIT = Integer.MAX_VALUE - (1 << 16);
    /// Offsets are multiples of this many elements: whole cache lines, and what library products ask for.
    static final int ALIGNMENT = 64;

    final Kind kind;
    final long elements;
    final TornadoNativeArray array;
    private final MemorySegment host;
    /// Where it is on the device, once it has been made there.
    XPUBuffer buffer;

    Block(Kind kind, long elements, Arena arena) {
        if (elements > LIMIT) {
            throw new IllegalArgumentException("gpu: a block of " + elements + " elements was asked for, at most " + LIMIT
                    + " are possible; use fewer tokens at a time");
        }
        this.kind = kind;
        this.elements = elements;
        host = untouched(TornadoNativeArray.ARRAY_HEADER + elements * kind.bytes, arena);
        array = alias();
    }

    /// The same block as another array. Operands of different places in a task must not be one array: TornadoVM's scheduler
    /// never ends where a task writes an array and has it as a later operand too.
    TornadoNativeArray alias() {
        return switch (kind) {
            case FLOATS -> FloatArray.fromSegmentShallow(host);
            case SHORTS -> ShortArray.fromSegmentShallow(host);
            case INTS -> IntArray.fromSegmentShallow(host);
        };
    }

    private static MemorySegment untouched(long bytes, Arena arena) {
        try {
            Path file = Files.createTempFile("llams-gpu-", ".block");
            try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ, StandardOpenOption.WRITE,
                    StandardOpenOption.DELETE_ON_CLOSE)) {
                return channel.map(FileChannel.MapMode.PRIVATE, 0, bytes, arena);
            }
        } catch (IOException e) {
            throw new UncheckedIOException("gpu: cannot map " + bytes + " bytes of an empty file in "
                    + System.getProperty("java.io.tmpdir") + " (set -Djava.io.tmpdir to another directory)", e);
        }
    }

    FloatArray floats() {
        return (FloatArray) array;
    }

    ShortArray shorts() {
        return (ShortArray) array;
    }

    IntArray ints() {
        return (IntArray) array;
    }

    static long aligned(long elements) {
        return (elements + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    }
}

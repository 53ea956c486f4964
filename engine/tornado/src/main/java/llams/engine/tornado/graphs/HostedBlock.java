package llams.engine.tornado.graphs;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import llams.engine.tornado.launch.DeviceBlock;
import uk.ac.manchester.tornado.api.memory.XPUBuffer;
import uk.ac.manchester.tornado.api.types.arrays.FloatArray;
import uk.ac.manchester.tornado.api.types.arrays.IntArray;
import uk.ac.manchester.tornado.api.types.arrays.ShortArray;
import uk.ac.manchester.tornado.api.types.arrays.TornadoNativeArray;

/// A block that TornadoVM allocated. TornadoVM gives every device array a host side of the same size; here it is a
/// private mapping of an empty file that is never touched, so it takes no memory.
final class HostedBlock extends DeviceBlock {
    final TornadoNativeArray array;
    private final MemorySegment host;
    /// The device side, once it has been allocated.
    XPUBuffer buffer;

    HostedBlock(Kind kind, long elements, Arena arena) {
        super(kind, elements, 0);
        host = untouched(TornadoNativeArray.ARRAY_HEADER + elements * kind.bytes, arena);
        array = alias();
    }

    /// The same block as another array object. Operands of one task must be different objects: TornadoVM's scheduler
    /// loops forever if a task writes an array that is also a later operand.
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
}

package llams.model.convert;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.function.LongUnaryOperator;
import llams.engine.gguf.RowEncoder;
import llams.engine.tensor.DType;
import llams.model.files.NonFinite;
import llams.model.merge.parts.Floats;
import llams.model.merge.parts.PartWorkers;

/// Writes tensors in another type, perhaps with their rows in another order, on all cores and with memory for some rows
/// only.
final class RowConversion implements AutoCloseable {
    /// Puts rows into a part's values, one after the other.
    @FunctionalInterface
    interface Source {
        void read(Floats part, long row, int rows);
    }

    /// Takes the bytes of the result in their order.
    @FunctionalInterface
    interface Sink {
        void take(MemorySegment bytes) throws IOException;
    }

    /// A tensor to be written.
    ///
    /// @param length   elements of a row
    /// @param together rows that change places among each other only
    /// @param order    the place in the source of a row of the result
    record Rows(Source source, long count, int length, int together, LongUnaryOperator order) {
        Rows(Source source, long count, int length) {
            this(source, count, length, 1, LongUnaryOperator.identity());
        }
    }

    private record Workspace(Floats part, MemorySegment bytes, RowEncoder encoder) {}

    private final Arena arena = Arena.ofShared();
    private final int capacity;
    private final PartWorkers<Workspace> workers;

    /// @param most elements of the longest row, or of the rows that change places among each other
    RowConversion(long most) {
        capacity = Math.toIntExact(Math.max(Floats.CAPACITY, most));
        workers = PartWorkers.onAllCores(() -> new Workspace(new Floats(arena, capacity),
                arena.allocate((long) Float.BYTES * capacity, 64), new RowEncoder()));
    }

    /// Bytes of memory that one for rows of this length takes.
    static long memoryBytes(long most) {
        int capacity = Math.toIntExact(Math.max(Floats.CAPACITY, most));
        return PartWorkers.workspacesOnAllCores() * (Floats.bytes(capacity) + (long) Float.BYTES * capacity);
    }

    /// Converts a whole tensor.
    ///
    /// @throws ArithmeticException if the type cannot hold a value; says which
    void run(Rows rows, DType type, Sink sink) throws IOException {
        int groups = Math.max(1, capacity / Math.max(1, rows.length * rows.together));
        int atOnce = groups * rows.together;
        long rowBytes = type.bytes(rows.length);
        workers.run(0, rows.count, atOnce, (workspace, begin, count) -> {
            rows.source.read(workspace.part, begin, count);
            for (int i = 0; i < count; i++) {
                int from = (int) (rows.order.applyAsLong(begin + i) - begin) * rows.length;
                workspace.encoder.encode(type, workspace.part.values, from, rows.length, workspace.bytes, i * rowBytes);
            }
        }, (workspace, begin, count) -> {
            MemorySegment bytes = workspace.bytes.asSlice(0, count * rowBytes);
            long nonFinite = NonFinite.count(type, bytes);
            if (nonFinite > 0) {
                throw new ArithmeticException(nonFinite + " values would be infinite or NaN"
                        + (type == DType.F16 ? "; F16 ends at 65504, BF16 and F32 may hold them" : ""));
            }
            sink.take(bytes);
        });
    }

    @Override
    public void close() {
        workers.close();
        arena.close();
    }
}

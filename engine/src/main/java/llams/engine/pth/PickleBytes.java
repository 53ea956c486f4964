package llams.engine.pth;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import llams.engine.tensor.Tensor;

/// The instructions' operands, read one after the other.
final class PickleBytes {
    private static final int MOST_TEXT_BYTES = 1 << 16;

    private final Path file;
    private final MemorySegment pickle;
    private long at;

    PickleBytes(Path file, MemorySegment pickle) {
        this.file = file;
        this.pickle = pickle;
    }

    /// Where the next operand or instruction begins.
    long at() {
        return at;
    }

    long wholeNumber(int bytes) throws PthException {
        if (bytes > Long.BYTES) {
            throw problem("has a whole number of " + bytes + " bytes");
        }
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            value |= (long) u8() << 8 * i;
        }
        int unused = Long.SIZE - 8 * bytes;
        return bytes == 0 ? 0 : value << unused >> unused;
    }

    String text(int bytes) throws PthException {
        if (bytes < 0 || bytes > MOST_TEXT_BYTES) {
            throw problem("has a text of " + Integer.toUnsignedString(bytes) + " bytes");
        }
        return new String(pickle.asSlice(take(bytes), bytes).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    /// Text up to the end of a line.
    String line() throws PthException {
        long begin = at;
        while (u8() != '\n') {
            if (at - begin > MOST_TEXT_BYTES) {
                throw problem("has a line without an end");
            }
        }
        return new String(pickle.asSlice(begin, at - 1 - begin).toArray(ValueLayout.JAVA_BYTE), StandardCharsets.UTF_8);
    }

    int u8() throws PthException {
        return pickle.get(ValueLayout.JAVA_BYTE, take(1)) & 0xff;
    }

    int i32() throws PthException {
        return pickle.get(Tensor.I32, take(Integer.BYTES));
    }

    long i64() throws PthException {
        return pickle.get(Tensor.I64, take(Long.BYTES));
    }

    long take(int bytes) throws PthException {
        if (bytes > pickle.byteSize() - at) {
            throw problem("ends in the middle");
        }
        long begin = at;
        at += bytes;
        return begin;
    }

    /// What is wrong, and where.
    PthException problem(String what) {
        return new PthException(file, "its pickle " + what + ", at byte " + at);
    }
}

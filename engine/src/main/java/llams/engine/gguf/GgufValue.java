package llams.engine.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import llams.engine.tensor.Tensor;

/// A value of a GGUF file's metadata, in one of the format's types.
public sealed interface GgufValue {
    /// The format's types, in the order of their numbers.
    enum Type {
        UINT8(1), INT8(1), UINT16(2), INT16(2), UINT32(4), INT32(4), FLOAT32(4), BOOL(1), STRING(8), ARRAY(12),
        UINT64(8), INT64(8), FLOAT64(8);

        /// Bytes of a value; of a string or an array those before its content.
        final int bytes;

        Type(int bytes) {
            this.bytes = bytes;
        }
    }

    /// @param value an unsigned one of 64 bits as its bits
    record Whole(Type type, long value) implements GgufValue {}

    record Real(Type type, double value) implements GgufValue {}

    record Flag(boolean value) implements GgufValue {}

    record Text(String value) implements GgufValue {}

    /// Values of one type, which is not an array, as they stand in the file.
    record Array(Type type, int count, MemorySegment data) implements GgufValue {
        /// The elements of an array of strings.
        ///
        /// @throws IllegalStateException if its elements are others
        public List<String> texts() {
            if (type != Type.STRING) {
                throw new IllegalStateException("an array of " + type + ", not of STRING");
            }
            List<String> texts = new ArrayList<>(count);
            long at = 0;
            for (int i = 0; i < count; i++) {
                int length = (int) data.get(Tensor.I64, at);
                texts.add(text(data, at + Type.STRING.bytes, length));
                at += Type.STRING.bytes + length;
            }
            return texts;
        }

        /// The elements of an array of INT32 or UINT32.
        ///
        /// @throws IllegalStateException if its elements are others
        public int[] ints() {
            if (type != Type.INT32 && type != Type.UINT32) {
                throw new IllegalStateException("an array of " + type + ", not of INT32");
            }
            int[] ints = new int[count];
            MemorySegment.copy(data, Tensor.I32, 0, ints, 0, count);
            return ints;
        }
    }

    static GgufValue of(int value) {
        return new Whole(Type.UINT32, value);
    }

    static GgufValue of(float value) {
        return new Real(Type.FLOAT32, value);
    }

    static GgufValue of(boolean value) {
        return new Flag(value);
    }

    static GgufValue of(String value) {
        return new Text(value);
    }

    static GgufValue of(List<String> values) {
        List<byte[]> contents = values.stream().map(value -> value.getBytes(StandardCharsets.UTF_8)).toList();
        long bytes = contents.stream().mapToLong(content -> Type.STRING.bytes + content.length).sum();
        ByteBuffer data = ByteBuffer.allocate(Math.toIntExact(bytes)).order(ByteOrder.LITTLE_ENDIAN);
        contents.forEach(content -> data.putLong(content.length).put(content));
        return new Array(Type.STRING, values.size(), MemorySegment.ofBuffer(data.flip()));
    }

    static GgufValue of(int[] values) {
        ByteBuffer data = ByteBuffer.allocate(Math.multiplyExact(Integer.BYTES, values.length))
                .order(ByteOrder.LITTLE_ENDIAN);
        data.asIntBuffer().put(values);
        return new Array(Type.INT32, values.length, MemorySegment.ofBuffer(data));
    }

    /// The number of the value's type in a file.
    default int typeNumber() {
        return switch (this) {
            case Whole whole -> whole.type.ordinal();
            case Real real -> real.type.ordinal();
            case Flag _ -> Type.BOOL.ordinal();
            case Text _ -> Type.STRING.ordinal();
            case Array _ -> Type.ARRAY.ordinal();
        };
    }

    /// UTF-8; what is none becomes U+FFFD.
    static String text(MemorySegment data, long at, int bytes) {
        byte[] content = new byte[bytes];
        MemorySegment.copy(data, ValueLayout.JAVA_BYTE, at, content, 0, bytes);
        return new String(content, StandardCharsets.UTF_8);
    }
}

package llams.trainer.parquet;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/// A struct in Thrift's compact protocol: its values by the numbers of their fields. Numbers are `Long`, texts `byte[]`,
/// lists `List`, structs [Thrift].
record Thrift(Map<Integer, Object> values) {
    private static final int MOST_DEPTH = 32;

    /// Reads a struct from the position of `in`, which is behind it then.
    ///
    /// @throws Damage                           if it is none
    /// @throws java.nio.BufferUnderflowException if it goes on behind the end
    static Thrift read(ByteBuffer in) {
        return struct(in, 0);
    }

    private static Thrift struct(ByteBuffer in, int depth) {
        Damage.check(depth < MOST_DEPTH, "structs too deep inside of each other");
        Map<Integer, Object> values = new HashMap<>();
        int field = 0;
        for (int head = in.get() & 0xFF; head != 0; head = in.get() & 0xFF) {
            int step = head >> 4;
            field = step == 0 ? (int) zigzag(in) : field + step;
            int type = head & 15;
            // A boolean has its value where others have their type.
            values.put(field, type == 1 || type == 2 ? (Object) (2L - type) : value(in, type, depth));
        }
        return new Thrift(values);
    }

    private static Object value(ByteBuffer in, int type, int depth) {
        return switch (type) {
            case 1, 2 -> in.get() == 1 ? 1L : 0L;
            case 3 -> (long) in.get();
            case 4, 5, 6 -> zigzag(in);
            case 7 -> in.getLong();
            case 8 -> bytes(in, varint(in));
            case 9, 10 -> list(in, depth);
            case 11 -> map(in, depth);
            case 12 -> struct(in, depth + 1);
            default -> throw new Damage("a field of unknown type " + type);
        };
    }

    private static byte[] bytes(ByteBuffer in, long length) {
        // What is not there yet may be read later: the caller sees that from the exception.
        byte[] bytes = new byte[(int) Math.min(length, in.remaining() + 1L)];
        in.get(bytes);
        return bytes;
    }

    private static List<Object> list(ByteBuffer in, int depth) {
        Damage.check(depth < MOST_DEPTH, "lists too deep inside of each other");
        int head = in.get() & 0xFF;
        long size = head >> 4 == 15 ? varint(in) : head >> 4;
        List<Object> list = new ArrayList<>();
        for (long i = 0; i < size; i++) {
            list.add(value(in, head & 15, depth + 1));
        }
        return list;
    }

    /// Nothing that is needed is a map.
    private static Object map(ByteBuffer in, int depth) {
        Damage.check(depth < MOST_DEPTH, "maps too deep inside of each other");
        long size = varint(in);
        int types = size == 0 ? 0 : in.get() & 0xFF;
        for (long i = 0; i < size; i++) {
            value(in, types >> 4, depth + 1);
            value(in, types & 15, depth + 1);
        }
        return List.of();
    }

    /// An unsigned number, seven bits a byte, the lowest first.
    static long varint(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                Damage.check(value >= 0, "a number that is too large");
                return value;
            }
        }
        throw new Damage("a number that is too long");
    }

    /// A signed number, whose sign is its lowest bit.
    static long zigzag(ByteBuffer in) {
        long value = 0;
        for (int shift = 0; shift < 70; shift += 7) {
            byte next = in.get();
            value |= (next & 0x7FL) << shift;
            if (next >= 0) {
                return value >>> 1 ^ -(value & 1);
            }
        }
        throw new Damage("a number that is too long");
    }

    boolean has(int field) {
        return values.containsKey(field);
    }

    long number(int field) {
        return get(field, Long.class);
    }

    long number(int field, long otherwise) {
        return has(field) ? number(field) : otherwise;
    }

    /// A number that has to be from 0 to `most`.
    int count(int field, int most) {
        long count = number(field);
        Damage.check(count >= 0 && count <= most, count + " where 0 to " + most + " is possible");
        return (int) count;
    }

    String text(int field) {
        return new String(get(field, byte[].class), StandardCharsets.UTF_8);
    }

    Thrift struct(int field) {
        return get(field, Thrift.class);
    }

    List<Thrift> structs(int field) {
        return ((List<?>) get(field, List.class)).stream().map(one -> as(one, Thrift.class, field)).toList();
    }

    private <T> T get(int field, Class<T> type) {
        return as(values.get(field), type, field);
    }

    private static <T> T as(Object value, Class<T> type, int field) {
        Damage.check(type.isInstance(value), "no usable field " + field);
        return type.cast(value);
    }
}

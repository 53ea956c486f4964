package llams.trainer.parquet;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// Values one after the other, as their bytes are: little-endian, texts behind their lengths, booleans a bit each. A
/// dictionary is such values, which can also be had by number.
final class PlainValues implements Values {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

    private final ByteBuffer in;
    private final Field field;
    private long bit;
    /// Of a dictionary of texts: where each begins.
    private int[] starts;

    /// @param in from its position to its end
    PlainValues(ByteBuffer in, Field field) {
        this.in = in;
        this.field = field;
        bit = in.position() * 8L;
    }

    /// Values that can be had by number.
    ///
    /// @param size how many there are said to be
    static PlainValues dictionary(ByteBuffer in, Field field, int size) {
        PlainValues values = new PlainValues(in, field);
        Damage.check(field.type() != Field.Type.BOOLEAN && size <= in.remaining(), "a dictionary of " + size);
        values.starts = new int[size];
        for (int i = 0; i < size; i++) {
            values.starts[i] = in.position();
            in.position(in.position() + values.width());
        }
        return values;
    }

    /// Bytes of the value at hand.
    private int width() {
        return switch (field.type()) {
            case BOOLEAN -> throw new IllegalStateException("booleans have no bytes");
            case INT32, FLOAT -> Integer.BYTES;
            case INT64, DOUBLE -> Long.BYTES;
            case INT96 -> 12;
            case FIXED -> field.length();
            case BYTES -> {
                int length = in.getInt(in.position());
                Damage.check(length >= 0 && length <= in.remaining() - Integer.BYTES, "a text of " + length + " bytes");
                yield Integer.BYTES + length;
            }
        };
    }

    @Override
    public JsonNode next() {
        if (field.type() == Field.Type.BOOLEAN) {
            return NODES.booleanNode(HybridInts.bits(in, bit++, 1) == 1);
        }
        int at = in.position();
        int width = width();
        in.position(at + width);
        return node(at, width);
    }

    JsonNode get(int number) {
        Damage.check(number >= 0 && number < starts.length, "entry " + number + " of a dictionary of " + starts.length);
        in.position(starts[number]);
        return node(starts[number], width());
    }

    private JsonNode node(int at, int width) {
        return switch (field.type()) {
            case BOOLEAN -> throw new IllegalStateException("booleans have no bytes");
            case INT32 -> NODES.numberNode(in.getInt(at));
            case INT64 -> NODES.numberNode(in.getLong(at));
            case FLOAT -> NODES.numberNode(in.getFloat(at));
            case DOUBLE -> NODES.numberNode(in.getDouble(at));
            case BYTES -> text(in.slice(at + Integer.BYTES, width - Integer.BYTES));
            case INT96, FIXED -> text(in.slice(at, width));
        };
    }

    /// Bytes are a text if they are UTF-8: old files do not say which of them are.
    static JsonNode text(ByteBuffer bytes) {
        try {
            return NODES.stringNode(StandardCharsets.UTF_8.newDecoder().decode(bytes.duplicate()).toString());
        } catch (CharacterCodingException _) {
            byte[] copy = new byte[bytes.remaining()];
            bytes.get(copy);
            return NODES.binaryNode(copy);
        }
    }
}

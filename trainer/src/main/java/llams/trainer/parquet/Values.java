package llams.trainer.parquet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/// The values of a page, in their order; those that are null are not among them.
@FunctionalInterface
interface Values {
    JsonNode next();

    /// @param in         from its position to its end
    /// @param encoding   by its number
    /// @param dictionary of the column; null if it has none
    /// @param most       values that there can be
    /// @throws Damage if such values cannot be encoded so
    static Values of(ByteBuffer in, int encoding, Field field, PlainValues dictionary, int most) {
        return switch (encoding) {
            case 0 -> new PlainValues(in, field);
            case 2, 8 -> byNumber(in, dictionary);
            case 3 -> booleans(in, field);
            case 5 -> numbers(new Deltas(in, most), field);
            case 6 -> texts(in, field, new Deltas(in, most));
            case 7 -> texts(in, field, new Deltas(in, most), most);
            case 9 -> split(in, field);
            default -> throw new Damage("values in encoding " + encoding + ", which is not known");
        };
    }

    private static Values byNumber(ByteBuffer in, PlainValues dictionary) {
        Damage.check(dictionary != null, "values of a dictionary that is not there");
        HybridInts numbers = new HybridInts(in, in.get());
        return () -> dictionary.get(numbers.next());
    }

    private static Values booleans(ByteBuffer in, Field field) {
        Damage.check(field.type() == Field.Type.BOOLEAN, "runs of values that are not true or false");
        in.getInt(); // their length
        HybridInts bits = new HybridInts(in, 1);
        return () -> JsonNodeFactory.instance.booleanNode(bits.next() == 1);
    }

    private static Values numbers(Deltas deltas, Field field) {
        return switch (field.type()) {
            case INT32 -> () -> JsonNodeFactory.instance.numberNode((int) deltas.next());
            case INT64 -> () -> JsonNodeFactory.instance.numberNode(deltas.next());
            case BOOLEAN, INT96, FLOAT, DOUBLE, BYTES, FIXED ->
                throw new Damage("differences of values that are no whole numbers");
        };
    }

    /// Texts behind all of their lengths.
    private static Values texts(ByteBuffer in, Field field, Deltas deltas) {
        checkTexts(field);
        int[] lengths = deltas.lengths();
        int[] next = {0, in.position()};
        return () -> {
            ByteBuffer text = in.slice(next[1], lengths[next[0]]);
            next[1] += lengths[next[0]++];
            return PlainValues.text(text);
        };
    }

    /// Texts that each begin as the one before, behind how much they have of it.
    private static Values texts(ByteBuffer in, Field field, Deltas deltas, int most) {
        checkTexts(field);
        int[] shared = deltas.lengths();
        int[] lengths = new Deltas(in, most).lengths();
        Damage.check(shared.length == lengths.length, "beginnings without ends");
        byte[][] before = {{}};
        int[] next = {0, in.position()};
        return () -> {
            int own = lengths[next[0]];
            int same = shared[next[0]++];
            Damage.check(same <= before[0].length && same + (long) own <= in.capacity(), "a text without beginning");
            byte[] text = Arrays.copyOf(before[0], same + own);
            in.get(next[1], text, same, own);
            next[1] += own;
            before[0] = text;
            return PlainValues.text(ByteBuffer.wrap(text));
        };
    }

    private static void checkTexts(Field field) {
        Damage.check(field.type() == Field.Type.BYTES || field.type() == Field.Type.FIXED,
                "lengths of values that are no texts");
    }

    /// The first bytes of all values, then the second ones, and so on.
    private static Values split(ByteBuffer in, Field field) {
        int width = switch (field.type()) {
            case INT32, FLOAT -> Integer.BYTES;
            case INT64, DOUBLE -> Long.BYTES;
            case FIXED -> field.length();
            case BOOLEAN, INT96, BYTES -> throw new Damage("split values of no fixed length");
        };
        Damage.check(width > 0 && in.remaining() % width == 0, "split values of which one is cut");
        int size = in.remaining() / width;
        byte[] whole = new byte[in.remaining()];
        for (int b = 0; b < width; b++) {
            for (int i = 0; i < size; i++) {
                whole[i * width + b] = in.get();
            }
        }
        return new PlainValues(ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN), field);
    }
}

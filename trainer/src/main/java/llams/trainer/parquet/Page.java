package llams.trainer.parquet;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import tools.jackson.databind.JsonNode;

/// Values of a column, each with how deep it is repeated and how deep it is there.
final class Page {
    private final Field field;
    private final PlainValues dictionary;
    private final int size;
    private final int encoding;
    private final HybridInts repetitions;
    private final HybridInts definitions;
    private final ByteBuffer in;
    final int bytes;
    /// Made when the first value is read: a page of nulls has none.
    private Values values;
    private int given;
    int repetition;
    int definition;

    private Page(Field field, PlainValues dictionary, int size, int encoding, HybridInts repetitions,
            HybridInts definitions, ByteBuffer in) {
        this.field = field;
        this.dictionary = dictionary;
        this.size = size;
        this.encoding = encoding;
        this.repetitions = repetitions;
        this.definitions = definitions;
        this.in = in;
        this.bytes = in.capacity();
    }

    static ByteBuffer littleEndian(byte[] bytes) {
        return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /// A page as the first version of the format has it: levels are compressed with the values.
    ///
    /// @param content decompressed
    static Page ofFirstVersion(Thrift head, byte[] content, Field field, PlainValues dictionary) {
        ByteBuffer in = littleEndian(content);
        HybridInts repetitions = levels(in, field.level(), head.number(4));
        HybridInts definitions = levels(in, field.definition(), head.number(3));
        return new Page(field, dictionary, head.count(1, Integer.MAX_VALUE), head.count(2, Integer.MAX_VALUE),
                repetitions, definitions, in);
    }

    private static HybridInts levels(ByteBuffer in, int most, long encoding) {
        if (most == 0) {
            return new HybridInts(in, 0);
        }
        Damage.check(encoding == 3, "levels in encoding " + encoding + ", which is not read");
        return levels(in, most, in.getInt());
    }

    private static HybridInts levels(ByteBuffer in, int most, int length) {
        Damage.check(length >= 0 && length <= in.remaining(), "levels of " + length + " bytes");
        ByteBuffer own = in.slice(in.position(), length);
        in.position(in.position() + length);
        return new HybridInts(own, HybridInts.bitsOf(most));
    }

    /// A page as the second version has it: levels stand before the values, and are not compressed.
    ///
    /// @param content the levels as they are, and the values decompressed
    static Page ofSecondVersion(Thrift head, byte[] content, Field field, PlainValues dictionary) {
        ByteBuffer in = littleEndian(content);
        HybridInts repetitions = levels(in, field.level(), head.count(6, content.length));
        HybridInts definitions = levels(in, field.definition(), head.count(5, content.length));
        return new Page(field, dictionary, head.count(1, Integer.MAX_VALUE), head.count(4, Integer.MAX_VALUE),
                repetitions, definitions, in);
    }

    /// Goes to the next value, if there is one.
    boolean advance() {
        if (given == size) {
            return false;
        }
        given++;
        repetition = repetitions.next();
        definition = definitions.next();
        Damage.check(repetition <= field.level() && definition <= field.definition(), "levels that cannot be");
        return true;
    }

    /// The value at hand, which is not null. To be called once.
    JsonNode value() {
        if (values == null) {
            values = Values.of(in, encoding, field, dictionary, size);
        }
        return values.next();
    }
}

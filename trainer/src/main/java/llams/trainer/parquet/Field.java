package llams.trainer.parquet;

import java.util.ArrayList;
import java.util.List;

/// A column, or several below one name.
///
/// @param repetition [#REQUIRED], [#OPTIONAL] or [#REPEATED]
/// @param type       of values as they are stored; null for a group
/// @param length     bytes of a value of [Type#FIXED]
/// @param fields     of a group
/// @param definition how many of this field and those around it must be there for a value to be there
/// @param level      how many of this field and those around it are repeated
/// @param column     number of the first column in it
/// @param columns    how many there are in it
record Field(String name, int repetition, Type type, int length, Shape shape, List<Field> fields, int definition,
        int level, int column, int columns) {
    static final int REQUIRED = 0;
    static final int OPTIONAL = 1;
    static final int REPEATED = 2;

    /// In the order of the numbers that files have for them.
    enum Type {
        BOOLEAN, INT32, INT64, INT96, FLOAT, DOUBLE, BYTES, FIXED
    }

    /// What a group stands for.
    enum Shape {
        /// An object, or a column.
        PLAIN,
        /// A list: a repeated field with the elements.
        LIST,
        /// A map: a repeated field with keys and values.
        MAP
    }

    private static final int MOST_DEPTH = 64;
    private static final int MOST_FIELDS = 10_000;

    /// The root of the fields that a file's `schema` lists, each group followed by what is in it.
    ///
    /// @throws Damage if they do not make a tree
    static Field root(List<Thrift> schema) {
        Damage.check(!schema.isEmpty() && schema.size() <= MOST_FIELDS, schema.size() + " columns");
        Reader reader = new Reader(schema);
        Field root = reader.next(0, 0, 0);
        Damage.check(reader.at == schema.size() && root.type == null, "columns outside of the rows");
        return root;
    }

    private static final class Reader {
        private final List<Thrift> schema;
        int at;
        private int columns;

        Reader(List<Thrift> schema) {
            this.schema = schema;
        }

        Field next(int definition, int level, int depth) {
            Damage.check(at < schema.size(), "fewer columns than are listed");
            Damage.check(depth < MOST_DEPTH, "columns too deep inside of each other");
            Thrift element = schema.get(at++);
            int repetition = depth == 0 ? REQUIRED : element.count(3, REPEATED);
            int defined = definition + (repetition == REQUIRED ? 0 : 1);
            int repeated = level + (repetition == REPEATED ? 1 : 0);
            int first = columns;
            if (element.number(5, 0) == 0 && element.has(1)) {
                columns++;
                Type type = Type.values()[element.count(1, Type.values().length - 1)];
                int length = type == Type.FIXED ? element.count(2, Integer.MAX_VALUE) : 0;
                return new Field(element.text(4), repetition, type, length, Shape.PLAIN, List.of(), defined, repeated,
                        first, 1);
            }
            List<Field> fields = new ArrayList<>();
            int size = element.count(5, schema.size() - at);
            for (int i = 0; i < size; i++) {
                fields.add(next(defined, repeated, depth + 1));
            }
            Damage.check(!fields.isEmpty(), "a group without columns");
            return new Field(element.text(4), repetition, null, 0, shape(element, fields), fields, defined, repeated,
                    first, columns - first);
        }

        private static Shape shape(Thrift element, List<Field> fields) {
            Thrift logical = element.has(10) ? element.struct(10) : null;
            long converted = element.number(6, -1);
            boolean holdsOneList = fields.size() == 1 && fields.getFirst().repetition == REPEATED;
            if (holdsOneList && (logical != null && logical.has(3) || converted == 3)) {
                return Shape.LIST;
            }
            boolean isMap = holdsOneList && fields.getFirst().fields.size() == 2
                    && (logical != null && logical.has(2) || converted == 1 || converted == 2);
            return isMap ? Shape.MAP : Shape.PLAIN;
        }
    }

    /// Whether each element of a list stands in a group of its own, which is the case but for some old files.
    boolean wrapsElement(String list) {
        return type == null && fields.size() == 1 && !name.equals("array") && !name.equals(list + "_tuple");
    }

    /// The columns in it, in their order.
    List<Field> leaves() {
        return type != null ? List.of(this) : fields.stream().flatMap(field -> field.leaves().stream()).toList();
    }
}

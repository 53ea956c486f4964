package llams.trainer.parquet;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.NullNode;
import tools.jackson.databind.node.ObjectNode;

/// Puts the rows of a group together. A list goes on as long as the first column in it says that it is repeated; what
/// is null or empty has one value, which is not there, in each of its columns.
final class Assembly {
    private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
    /// What a value takes besides its text.
    private static final int VALUE_BYTES = 32;
    private static final long MOST_BYTES = 256L << 20;

    private final Field root;
    private final List<Column> columns = new ArrayList<>();
    private long bytes;

    Assembly(Field root, Layout.Group group, Column.Bytes file) throws IOException {
        this.root = root;
        PageMemory memory = new PageMemory();
        List<Field> fields = root.leaves();
        for (int c = 0; c < fields.size(); c++) {
            columns.add(new Column(fields.get(c), group.chunks().get(c), file, memory));
        }
    }

    /// The next row, of which there must be one.
    ObjectNode row() throws IOException {
        bytes = 0;
        ObjectNode row = object(root);
        for (Column column : columns) {
            Damage.check(column.repetition() == 0, "column " + column.field.name() + " goes on behind a row");
        }
        return row;
    }

    /// @throws Damage if there are values behind the last row
    void finish() {
        for (Column column : columns) {
            Damage.check(column.isAtEnd(), "column " + column.field.name() + " has more values than there are rows");
        }
    }

    private ObjectNode object(Field group) throws IOException {
        ObjectNode object = NODES.objectNode();
        for (Field field : group.fields()) {
            object.set(field.name(), field(field));
        }
        return object;
    }

    private JsonNode field(Field field) throws IOException {
        if (field.repetition() == Field.REPEATED) {
            return list(field, "");
        }
        if (columns.get(field.column()).definition() < field.definition()) {
            skip(field);
            return NullNode.instance;
        }
        return value(field);
    }

    private JsonNode value(Field field) throws IOException {
        if (field.type() != null) {
            return taken(columns.get(field.column()).take());
        }
        return switch (field.shape()) {
            case PLAIN -> object(field);
            case LIST -> list(field.fields().getFirst(), field.name());
            case MAP -> map(field.fields().getFirst());
        };
    }

    private JsonNode taken(JsonNode value) {
        bytes += VALUE_BYTES + (value.isString() ? value.stringValue().length() : 0);
        Damage.check(bytes <= MOST_BYTES, "a row of more than " + MOST_BYTES + " bytes");
        return value;
    }

    /// @param name of the list that the repeated field is the inside of; empty if it is alone
    private ArrayNode list(Field repeated, String name) throws IOException {
        ArrayNode list = NODES.arrayNode();
        Column first = columns.get(repeated.column());
        if (first.definition() < repeated.definition()) {
            skip(repeated);
            return list;
        }
        do {
            list.add(!name.isEmpty() && repeated.wrapsElement(name)
                    ? field(repeated.fields().getFirst())
                    : value(repeated));
        } while (first.repetition() == repeated.level());
        return list;
    }

    private ObjectNode map(Field repeated) throws IOException {
        ObjectNode map = NODES.objectNode();
        for (JsonNode entry : list(repeated, "")) {
            map.set(entry.get(repeated.fields().getFirst().name()).asString(),
                    entry.get(repeated.fields().getLast().name()));
        }
        return map;
    }

    /// Passes over one value in each column of a field that is not there.
    private void skip(Field field) throws IOException {
        taken(NullNode.instance);
        for (int c = field.column(); c < field.column() + field.columns(); c++) {
            columns.get(c).take();
        }
    }
}

package llams.trainer.data;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// One JSON object of data, which remembers which of its keys were used. A key whose value is null (or `NaN`, as Python
/// writes missing numbers) counts as absent: that is how tables of several forms are exported.
final class Row {
    /// `file:line`, for messages.
    final String place;
    /// As it stands in the file.
    private final ObjectNode original;
    /// The same under the names that the forms have.
    private final ObjectNode object;
    private final Columns columns;
    private final Set<String> unused = new LinkedHashSet<>();

    Row(ObjectNode object, String place) {
        this(object, place, Columns.NONE);
    }

    /// @throws DataException if two columns are read as the same key
    Row(ObjectNode object, String place, Columns columns) {
        this.place = place;
        this.columns = columns;
        this.original = object;
        this.object = columns.isEmpty() ? object : renamed();
        for (Map.Entry<String, JsonNode> entry : this.object.properties()) {
            if (!isAbsent(entry.getValue())) {
                unused.add(entry.getKey());
            }
        }
    }

    static Row parse(String json, String place) {
        return new Row(JsonLine.parse(json, place), place);
    }

    private ObjectNode renamed() {
        ObjectNode named = JsonNodeFactory.instance.objectNode();
        for (Map.Entry<String, JsonNode> entry : original.properties()) {
            String key = columns.key(entry.getKey());
            if (key != null && !isAbsent(entry.getValue())) {
                if (named.has(key)) {
                    throw new DataException(place + ": two columns are read as \"" + key + "\"; wanted one of them");
                }
                named.set(key, entry.getValue());
            }
        }
        for (Map.Entry<String, JsonNode> entry : original.properties()) {
            boolean isNamed = columns.key(entry.getKey()) != null;
            if (!isNamed && named.has(entry.getKey())) {
                note(entry.getKey() + " (another column is read as it)");
            } else if (!isNamed) {
                named.set(entry.getKey(), entry.getValue());
            }
        }
        return named;
    }

    /// An object inside of this one that is a message.
    Row message(ObjectNode inner, String where) {
        return new Row(inner, where, columns.ofMessages());
    }

    private static boolean isAbsent(JsonNode value) {
        return value == null || value.isNull() || value.isFloatingPointNumber() && Double.isNaN(value.doubleValue());
    }

    boolean has(String key) {
        return !isAbsent(object.get(key));
    }

    /// The first of `keys` that is there, or null.
    String first(List<String> keys) {
        for (String key : keys) {
            if (has(key)) {
                return key;
            }
        }
        return null;
    }

    /// The value of a key that is there; it counts as used.
    JsonNode take(String key) {
        unused.remove(key);
        return object.get(key);
    }

    /// @throws DataException if there is no such key, or it holds no text
    String text(String key) {
        unused.remove(key);
        return JsonLine.text(object, key, place);
    }

    /// The text of a key, empty if the key is not there.
    String textOrEmpty(String key) {
        return has(key) ? text(key) : "";
    }

    /// The integers of a key that is there.
    int[] integers(String key) {
        unused.remove(key);
        return JsonLine.integers(object, key, place);
    }

    /// What nobody has asked for so far, with what [#note] and [#adopt] added.
    Set<String> unused() {
        return unused;
    }

    void note(String what) {
        unused.add(what);
    }

    /// Takes over the unused keys of an object inside this one.
    void adopt(String path, Row inner) {
        inner.unused.forEach(key -> unused.add(path + "." + key));
    }

    String keys() {
        return KnownForms.keys(original);
    }

    ObjectNode object() {
        return object;
    }
}

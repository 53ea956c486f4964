package llams.model.yaml;

import java.util.List;
import java.util.Map;
import llams.model.files.DataException;

/// A part of a YAML file that remembers where it stands, so that what is wrong with it can be said there.
public sealed interface YamlNode {
    /// Of a value, in messages.
    int LONGEST_QUOTE = 80;

    /// Where it begins, as `FILE:LINE`.
    String place();

    /// A single value.
    ///
    /// @param plain true if it is written without quotes, so that `~` and `null` mean nothing at all
    record Text(String value, boolean plain, String place) implements YamlNode {
        public boolean isNull() {
            return plain && value.matches("|~|null|Null|NULL");
        }
    }

    /// A list.
    record Items(List<YamlNode> items, String place) implements YamlNode {}

    /// A map, in the file's order.
    record Fields(Map<String, Field> fields, String place) implements YamlNode {}

    /// A value with the place of its key.
    record Field(String place, YamlNode value) {}

    /// What it is, for messages.
    default String kind() {
        return switch (this) {
            case Text text when text.isNull() -> "nothing";
            case Text text when text.value.length() > LONGEST_QUOTE ->
                '"' + text.value.substring(0, LONGEST_QUOTE) + "...\"";
            case Text text -> '"' + text.value + '"';
            case Items _ -> "a list";
            case Fields _ -> "a map";
        };
    }

    /// An error at this place.
    default DataException wanted(String what) {
        return new DataException(place() + ": wanted " + what + ", found " + kind());
    }

    /// @throws DataException if this is no single value
    default String text(String what) {
        if (this instanceof Text text && !text.isNull()) {
            return text.value;
        }
        throw wanted(what);
    }

    /// @throws DataException if this is no list
    default List<YamlNode> items(String what) {
        if (this instanceof Items list) {
            return list.items;
        }
        throw wanted(what);
    }

    /// @throws DataException if this is no map, or has other keys than `known`
    default Map<String, Field> fields(String what, List<String> known) {
        if (!(this instanceof Fields map)) {
            throw wanted(what);
        }
        map.fields.forEach((key, field) -> {
            if (!known.contains(key)) {
                throw new DataException(
                        field.place + ": unknown key \"" + key + "\"; known here: " + String.join(", ", known));
            }
        });
        return map.fields;
    }
}

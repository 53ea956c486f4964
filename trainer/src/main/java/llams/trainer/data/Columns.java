package llams.trainer.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import llams.model.files.DataException;
import llams.model.files.SettingException;

/// What the keys of rows are called in files that call them otherwise. A column takes the place of a key that is there
/// too. Several columns may stand for one key, if no row has two of them: so files of several kinds can be read
/// together.
///
/// @param ofRows     by the name of a column, the key that it stands for
/// @param inMessages the same for the keys of messages
public record Columns(SortedMap<String, String> ofRows, SortedMap<String, String> inMessages) {
    static final Columns NONE = new Columns(new TreeMap<>(), new TreeMap<>());
    private static final Set<String> KEYS = Stream.of(JsonlReader.KEYS, PairReader.KEYS, LanguagePair.KEYS)
            .flatMap(List::stream)
            .collect(Collectors.toCollection(TreeSet::new));

    /// @param names each as `KEY=COLUMN`, such as `prompt=question`; empty if files call all keys by their names
    /// @throws SettingException if one is something else, its key is not known, or a column stands for two keys
    public static Columns of(List<String> names) {
        Columns columns = new Columns(new TreeMap<>(), new TreeMap<>());
        for (String name : names) {
            int equals = name.indexOf('=');
            SettingException.check(equals > 0 && equals < name.length() - 1, "columns", '"' + name + '"',
                    "a key and a column, such as prompt=question");
            columns.add(name.substring(0, equals).strip(), name.substring(equals + 1).strip());
        }
        return columns;
    }

    private void add(String key, String column) {
        boolean isOfMessages = Messages.KEYS.contains(key);
        if (!isOfMessages && !KEYS.contains(key)) {
            Set<String> known = new TreeSet<>(KEYS);
            known.addAll(Messages.KEYS);
            throw new SettingException("columns", key + "=" + column,
                    Spelling.similar(key, known)
                            .map(meant -> "of known keys; did you mean " + meant + "=" + column + "?")
                            .orElse("of known keys: " + String.join(", ", known)));
        }
        String before = (isOfMessages ? inMessages : ofRows).put(column, key);
        SettingException.check(before == null || before.equals(key), "columns", "both " + before + " and " + key,
                "one key for column " + column);
    }

    boolean isEmpty() {
        return ofRows.isEmpty() && inMessages.isEmpty();
    }

    /// The key that a column stands for; null if it has its own name.
    String key(String column) {
        return ofRows.get(column);
    }

    /// Those of the messages inside of rows.
    Columns ofMessages() {
        return inMessages.isEmpty() ? NONE : new Columns(inMessages, NONE.inMessages);
    }

    /// What to tell the user about a file.
    ///
    /// @param seen columns that its rows have
    /// @throws DataException if a key stands in no row, neither under its own name nor under another
    List<String> check(String file, Set<String> seen) {
        List<String> notes = new ArrayList<>();
        for (Map.Entry<String, String> entry : ofRows.entrySet()) {
            String column = entry.getKey();
            String key = entry.getValue();
            boolean isThere = ofRows.entrySet()
                    .stream()
                    .anyMatch(other -> other.getValue().equals(key) && seen.contains(other.getKey()));
            if (isThere) {
                continue;
            }
            String absent = file + ": no row has a column \"" + column + "\" (`columns " + key + "=" + column + "`)";
            if (!seen.contains(key)) {
                throw new DataException(absent + "; the columns are " + KnownForms.shown(seen));
            }
            notes.add(absent + "; \"" + key + "\" is read instead");
        }
        return notes;
    }

    /// As [#of] reads it.
    @Override
    public String toString() {
        return Stream.of(ofRows, inMessages)
                .flatMap(names -> names.entrySet().stream())
                .map(entry -> entry.getValue() + "=" + entry.getKey())
                .collect(Collectors.joining(","));
    }
}

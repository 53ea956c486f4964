package llams.cli;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import llams.model.files.DataException;
import llams.model.yaml.YamlNode;
import llams.model.yaml.YamlReader;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;

/// A command's options in a YAML file, under their long names without the dashes: `lr: 3e-4`, `data: [a.txt, b.txt]`.
final class OptionsFile {
    /// Options about a single call rather than about the work.
    private static final Set<String> NOT_IN_FILES = Set.of("--config", "--set", "--print-config", "--dry-run", "--json",
            "--help", "--verbose");

    private OptionsFile() {}

    /// A key with what it has.
    ///
    /// @param values as they are written; none for null
    /// @param place  where it stands, as `FILE:LINE`
    record Entry(String key, List<String> values, boolean isList, String place) {}

    /// What a file says.
    ///
    /// @param name for messages
    /// @throws DataException if it is anything but keys that have a value or a list of values; says where
    static List<Entry> entries(String name, String text) {
        YamlNode root = YamlReader.parse(name, text);
        return switch (root) {
            case YamlNode.Fields all -> {
                List<Entry> entries = new ArrayList<>();
                all.fields().forEach((key, field) -> entries.add(entry(key, field)));
                yield entries;
            }
            case YamlNode.Text nothing when nothing.isNull() -> List.of();
            case YamlNode.Text _,YamlNode.Items _ -> throw root.wanted("lines like 'lr: 3e-4'");
        };
    }

    private static Entry entry(String key, YamlNode.Field field) {
        List<String> values = new ArrayList<>();
        switch (field.value()) {
            case YamlNode.Text one when one.isNull() -> {}
            case YamlNode.Text one -> values.add(one.value());
            case YamlNode.Items list -> {
                for (YamlNode item : list.items()) {
                    if (!(item instanceof YamlNode.Text one)) {
                        throw wrong(key, field, ", and holds " + item.kind());
                    }
                    values.add(one.value());
                }
            }
            case YamlNode.Fields map -> throw wrong(key, field, ", not " + map.kind());
        }
        return new Entry(key, values, field.value() instanceof YamlNode.Items, field.place());
    }

    private static DataException wrong(String key, YamlNode.Field field, String found) {
        return new DataException(
                field.place() + ": " + Errors.brief(key) + " must be a value or a list of values" + found);
    }

    /// The options that can stand in a file, by their keys.
    static SortedMap<String, OptionSpec> known(CommandSpec spec) {
        SortedMap<String, OptionSpec> known = new TreeMap<>();
        for (OptionSpec option : spec.options()) {
            if (!NOT_IN_FILES.contains(option.longestName())) {
                known.put(option.longestName().substring(2), option);
            }
        }
        return known;
    }

    /// The arguments that say what an entry says.
    ///
    /// @throws DataException if a flag is neither true nor false, or a list stands where one value is wanted
    static List<String> args(Entry entry, OptionSpec option) {
        String name = "--" + entry.key();
        if (option.typeInfo().isBoolean()) {
            String value = String.join(", ", entry.values());
            if (entry.isList() || !value.matches("true|True|TRUE|false|False|FALSE")) {
                throw new DataException(
                        entry.place() + ": " + entry.key() + " must be true or false, not " + Errors.brief(value));
            }
            return value.equalsIgnoreCase("true")
                    ? List.of(name)
                    : option.negatable() ? List.of("--no-" + entry.key()) : List.of();
        }
        if (entry.values().size() > 1 && !option.isMultiValue()) {
            throw new DataException(entry.place() + ": " + entry.key() + " takes one value, not a list");
        }
        List<String> args = new ArrayList<>();
        if (option.splitRegex().isEmpty()) {
            entry.values().forEach(value -> args.add(name + "=" + value));
        } else {
            args.add(name + "=" + String.join(",", entry.values()));
        }
        return args;
    }

    /// The options with their present values, as a file that [Configuration] reads.
    ///
    /// @param anywhere true for absolute paths, so that the file means the same in every directory
    static String print(CommandSpec spec, boolean anywhere) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (OptionSpec option : spec.options()) {
            boolean isOfOneCall = NOT_IN_FILES.contains(option.longestName())
                    || option.longestName().equals("--resume");
            Object value = isOfOneCall ? null : plain(option.getValue(), anywhere);
            if (value != null && !value.equals(List.of())) {
                values.put(option.longestName().substring(2), value);
            }
        }
        return new Dump(DumpSettings.builder().build()).dumpToString(values);
    }

    private static Object plain(Object value, boolean anywhere) {
        return switch (value) {
            case null -> null;
            case Boolean flag -> flag;
            case Number number -> number;
            case List<?> list -> list.stream().map(one -> plain(one, anywhere)).toList();
            case Path path when anywhere -> path.toAbsolutePath().normalize().toString();
            case Enum<?> choice -> choice.toString().toLowerCase(Locale.ROOT);
            default -> value.toString();
        };
    }
}

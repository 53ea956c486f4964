package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import llams.model.files.DataException;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/// A command's options in a YAML file, under their long names without the dashes: `lr: 3e-4`, `data: [a.txt, b.txt]`.
final class OptionsFile {
    /// Options about a single call rather than about the work.
    private static final Set<String> NOT_IN_FILES = Set.of("--config", "--print-config", "--dry-run", "--json",
            "--help", "--verbose");

    private OptionsFile() {}

    /// Gives the options of `spec` the values in the file, but those on the command line keep theirs.
    ///
    /// @param sameCommand another new object of the command's class, to read the file's values with
    /// @throws DataException if a key or a value is not one of the command's
    static void apply(Path file, CommandSpec spec, Object sameCommand) throws IOException {
        Map<String, OptionSpec> known = known(spec);
        List<String> args = new ArrayList<>();
        for (YamlFile.Entry entry : YamlFile.read(file)) {
            String place = file + ":" + entry.line() + ": ";
            OptionSpec option = known.get(entry.key());
            if (option == null) {
                String meant = Suggestions.option(entry.key(), known.keySet())
                        .map(name -> "; did you mean " + name + "?")
                        .orElse("");
                throw new DataException(place + "there is no option \"" + Errors.brief(entry.key()) + "\"" + meant);
            }
            boolean onCommandLine = spec.commandLine().getParseResult().hasMatchedOption(option);
            if (!onCommandLine && (entry.isList() || !entry.values().isEmpty())) {
                args.addAll(args(place, entry, option));
            }
        }
        CommandLine reader = CommandArguments.configure(new CommandLine(sameCommand));
        try {
            for (OptionSpec read : reader.parseArgs(CommandArguments.marked(reader, args.toArray(String[]::new)))
                    .matchedOptions()) {
                spec.findOption(read.longestName()).setValue(read.getValue());
            }
        } catch (ParameterException e) {
            throw new DataException(file + ": " + e.getMessage());
        }
    }

    private static Map<String, OptionSpec> known(CommandSpec spec) {
        Map<String, OptionSpec> known = new TreeMap<>();
        for (OptionSpec option : spec.options()) {
            if (!NOT_IN_FILES.contains(option.longestName())) {
                known.put(option.longestName().substring(2), option);
            }
        }
        return known;
    }

    static List<String> args(String place, YamlFile.Entry entry, OptionSpec option) {
        String name = "--" + entry.key();
        if (option.typeInfo().isBoolean()) {
            String value = String.join(", ", entry.values());
            if (entry.isList() || !value.matches("true|True|TRUE|false|False|FALSE")) {
                throw new DataException(place + entry.key() + " must be true or false, not " + Errors.brief(value));
            }
            return value.equalsIgnoreCase("true")
                    ? List.of(name)
                    : option.negatable() ? List.of("--no-" + entry.key()) : List.of();
        }
        List<String> args = new ArrayList<>();
        if (option.splitRegex().isEmpty()) {
            entry.values().forEach(value -> args.add(name + "=" + value));
        } else {
            args.add(name + "=" + String.join(",", entry.values()));
        }
        return args;
    }

    /// The options with their present values, as a file that [#apply] reads.
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
            case Enum<?> choice -> choice.name().toLowerCase(Locale.ROOT);
            default -> value.toString();
        };
    }
}

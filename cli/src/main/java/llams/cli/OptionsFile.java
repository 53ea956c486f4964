package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import llams.trainer.data.DataException;
import llams.trainer.data.Spelling;
import org.snakeyaml.engine.v2.api.Dump;
import org.snakeyaml.engine.v2.api.DumpSettings;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/// A command's options in a YAML file, under their long names without the dashes: `lr: 3e-4`, `data: [a.txt, b.txt]`.
final class OptionsFile {
    /// Options about a single call rather than about the work.
    private static final Set<String> NOT_IN_FILES = Set.of("--config", "--print-config", "--json", "--help", "--verbose");

    private OptionsFile() {}

    /// Gives the options of `spec` the values in the file, but those on the command line keep theirs.
    ///
    /// @param sameCommand another new object of the command's class, to read the file's values with
    /// @throws DataException if a key or a value is not one of the command's
    static void apply(Path file, CommandSpec spec, Object sameCommand) throws IOException {
        Map<String, OptionSpec> known = known(spec);
        List<String> args = new ArrayList<>();
        for (Map.Entry<?, ?> entry : read(file).entrySet()) {
            String key = String.valueOf(entry.getKey());
            OptionSpec option = known.get(key);
            if (option == null) {
                throw new DataException(file + ": there is no option \"" + key + "\"; did you mean "
                        + Spelling.nearest(key, known.keySet()) + "?");
            }
            boolean onCommandLine = spec.commandLine().getParseResult().hasMatchedOption(option);
            if (!onCommandLine && entry.getValue() != null) {
                args.addAll(args(file, key, option, entry.getValue()));
            }
        }
        CommandLine reader = new CommandLine(sameCommand).setCaseInsensitiveEnumValuesAllowed(true);
        try {
            for (OptionSpec read : reader.parseArgs(args.toArray(String[]::new)).matchedOptions()) {
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

    private static Map<?, ?> read(Path file) throws IOException {
        Object root;
        try {
            root = new Load(LoadSettings.builder().setLabel(file.toString()).build())
                    .loadFromString(new String(Files.readAllBytes(file), StandardCharsets.UTF_8));
        } catch (YamlEngineException e) {
            throw new DataException(file + ": not YAML: " + e.getMessage());
        }
        return switch (root) {
            case null -> Map.of();
            case Map<?, ?> map -> map;
            default -> throw new DataException(file + ": wanted lines like 'lr: 3e-4', found " + root);
        };
    }

    private static List<String> args(Path file, String key, OptionSpec option, Object value) {
        String name = "--" + key;
        if (option.typeInfo().isBoolean()) {
            if (!(value instanceof Boolean on)) {
                throw new DataException(file + ": " + key + " must be true or false, not " + value);
            }
            return on ? List.of(name) : option.negatable() ? List.of("--no-" + key) : List.of();
        }
        List<String> values = new ArrayList<>();
        switch (value) {
            case List<?> list -> list.forEach(one -> values.add(String.valueOf(one)));
            case Map<?, ?> map -> throw new DataException(file + ": " + key + " must be a value or a list, not " + map);
            default -> values.add(value.toString());
        }
        if (option.splitRegex().isEmpty()) {
            List<String> args = new ArrayList<>();
            values.forEach(one -> args.addAll(List.of(name, one)));
            return args;
        }
        return List.of(name, String.join(",", values));
    }

    /// The options with their present values, as a file that [#apply] reads.
    ///
    /// @param anywhere true for absolute paths, so that the file means the same in every directory
    static String print(CommandSpec spec, boolean anywhere) {
        Map<String, Object> values = new LinkedHashMap<>();
        for (OptionSpec option : spec.options()) {
            boolean isOfOneCall = NOT_IN_FILES.contains(option.longestName()) || option.longestName().equals("--resume");
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

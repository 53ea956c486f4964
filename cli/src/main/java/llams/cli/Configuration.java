package llams.cli;

import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import llams.cli.OptionsFile.Entry;
import llams.model.files.DataException;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;

/// Where a command's options come from: its command line wins over `--set`, which wins over `--config`. What the two
/// give is remembered with its place, for what turns out to be wrong later.
final class Configuration {
    /// Options of which one replaces the others, wherever they stand.
    private static final List<Set<String>> INSTEAD = List.of(Set.of("steps", "epochs"), Set.of("model", "init-config"),
            Set.of("targets", "target-pattern"));
    private static final String SET = "--set ";
    private static final Pattern NAMED = Pattern.compile("(?<![\\w-])--([a-z][a-z-]*)");

    private final CommandSpec spec;
    private final Map<String, OptionSpec> known;
    private final Map<String, Entry> entries = new LinkedHashMap<>();

    private Configuration(CommandSpec spec) {
        this.spec = spec;
        this.known = OptionsFile.known(spec);
    }

    /// Gives the options of `spec` what the file and the settings say, but those on the command line keep their values.
    ///
    /// @param file        a file or the name of a recipe; null for none
    /// @param sets        `KEY=VALUE` each; several of one key are a list
    /// @param sameCommand another new object of the command's class, to read values with
    /// @throws DataException      if a key or a value in the file is not one of the command's
    /// @throws ParameterException if one in `sets` is not
    static Configuration apply(Path file, List<String> sets, CommandSpec spec, Object sameCommand) throws IOException {
        Configuration configuration = new Configuration(spec);
        if (file != null) {
            TrainingRecipe recipe = TrainingRecipe.find(file);
            OptionsFile.entries(recipe.name(), recipe.text()).forEach(configuration::put);
        }
        configuration.settings(sets).forEach(configuration::put);
        configuration.leaveOutWhatTheCommandLineHas();
        configuration.give(sameCommand);
        return configuration;
    }

    private List<Entry> settings(List<String> sets) {
        Map<String, Entry> settings = new LinkedHashMap<>();
        for (String set : sets) {
            int equals = set.indexOf('=');
            if (equals < 1) {
                throw new ParameterException(spec.commandLine(),
                        "--set needs KEY=VALUE, such as lr=1e-4, not " + Errors.brief(set));
            }
            String key = set.substring(0, equals);
            String value = set.substring(equals + 1);
            List<String> values = new ArrayList<>();
            Entry before = settings.get(key);
            if (before != null) {
                values.addAll(before.values());
            }
            if (!value.isEmpty()) {
                values.add(value);
            }
            settings.put(key, new Entry(key, values, values.size() > 1, SET + Errors.brief(set)));
        }
        return List.copyOf(settings.values());
    }

    /// An entry that is nearer to the run than those before it.
    private void put(Entry entry) {
        if (!known.containsKey(entry.key())) {
            String meant = Suggestions.option(entry.key(), known.keySet())
                    .map(name -> "; did you mean " + name + "?")
                    .orElse("");
            throw wrong(entry, "there is no option \"" + Errors.brief(entry.key()) + "\"" + meant, null);
        }
        boolean isEmpty = !entry.isList() && entry.values().isEmpty();
        if (isEmpty) {
            entries.remove(entry.key());
            return;
        }
        if (isOfSet(entry)) {
            remove(entry.key());
        }
        entries.put(entry.key(), entry);
    }

    private void leaveOutWhatTheCommandLineHas() {
        for (OptionSpec option : spec.commandLine().getParseResult().matchedOptions()) {
            remove(option.longestName().substring(2));
        }
    }

    private void remove(String key) {
        entries.remove(key);
        INSTEAD.stream().filter(keys -> keys.contains(key)).forEach(entries.keySet()::removeAll);
    }

    private void give(Object sameCommand) {
        if (entries.isEmpty()) {
            return;
        }
        CommandLine reader = CommandArguments.configure(new CommandLine(sameCommand));
        List<String> args = new ArrayList<>();
        entries.values().forEach(entry -> args.addAll(args(entry)));
        try {
            for (OptionSpec read : parse(reader, args)) {
                spec.findOption(read.longestName()).setValue(read.getValue());
            }
        } catch (ParameterException e) {
            for (Entry entry : entries.values()) {
                try {
                    parse(reader, args(entry));
                } catch (ParameterException alone) {
                    throw wrong(entry, message(alone), alone);
                }
            }
            throw e;
        }
    }

    private List<String> args(Entry entry) {
        try {
            return OptionsFile.args(entry, known.get(entry.key()));
        } catch (DataException e) {
            throw isOfSet(entry) ? new ParameterException(spec.commandLine(), e.getMessage(), e) : e;
        }
    }

    private static List<OptionSpec> parse(CommandLine reader, List<String> args) {
        return reader.parseArgs(CommandArguments.marked(reader, args.toArray(String[]::new))).matchedOptions();
    }

    /// What turned out to be wrong, with the place of the first option that the message names and that is from here.
    RuntimeException placed(RuntimeException e) {
        String message = SettingNames.asOptions(message(e));
        Matcher named = NAMED.matcher(message);
        while (named.find()) {
            Entry entry = entries.get(named.group(1));
            if (entry != null) {
                return wrong(entry, message, e);
            }
        }
        return e;
    }

    /// A file that is not there, with the line that names it.
    NoSuchFileException placed(NoSuchFileException e) {
        for (Entry entry : entries.values()) {
            boolean isNamed = e.getReason() == null && entry.values().contains(e.getFile());
            if (isNamed && !isOfSet(entry) && !Path.of(e.getFile()).isAbsolute()) {
                return new NoSuchFileException(e.getFile(), null, "no such file or directory; " + entry.place()
                        + " names it, and relative paths count from the working directory");
            }
        }
        return e;
    }

    private RuntimeException wrong(Entry entry, String message, RuntimeException cause) {
        String placed = entry.place() + ": " + message;
        return isOfSet(entry)
                ? new ParameterException(spec.commandLine(), placed, cause)
                : new DataException(placed, cause);
    }

    private static boolean isOfSet(Entry entry) {
        return entry.place().startsWith(SET);
    }

    private static String message(RuntimeException e) {
        return CommandArguments.unmarked(e.getMessage());
    }
}

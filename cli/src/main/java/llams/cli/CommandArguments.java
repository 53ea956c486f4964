package llams.cli;

import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.TypeConversionException;
import picocli.CommandLine.UnmatchedArgumentException;

/// How a command line is read: any text can be an option's value, as in `--prompt=-n` or `--prompt=@me`. No word is
/// replaced by a file's content.
final class CommandArguments {
    /// Stands before a value with `=` that begins as options do, which picocli would refuse; a character that no text
    /// has.
    private static final String VALUE = "\uFFFF";

    private CommandArguments() {}

    static CommandLine configure(CommandLine commandLine) {
        return commandLine.setCaseInsensitiveEnumValuesAllowed(true)
                .setExpandAtFiles(false)
                .registerConverter(String.class, CommandArguments::unmarked)
                .registerConverter(Path.class, CommandArguments::path);
    }

    /// The arguments as picocli is to parse them.
    ///
    /// @throws ParameterException if an option stands where another one needs its value: most likely the value was
    ///                            forgotten; or if there is no option of a name
    static String[] marked(CommandLine root, String... args) {
        String[] marked = args.clone();
        CommandLine at = root;
        boolean takesMore = false;
        for (int i = 0; i < args.length && !args[i].equals("--"); i++) {
            CommandSpec spec = at.getCommandSpec();
            int equals = args[i].indexOf('=');
            OptionSpec option = spec.optionsMap().get(equals < 0 ? args[i] : args[i].substring(0, equals));
            takesMore = option == null ? takesMore : option.arity().max() > 1;
            if (option == null) {
                // An option that takes several files would take it for one of them.
                if (takesMore && args[i].matches("--\\p{Alpha}.*") && !isOption(args[i], spec)) {
                    throw new UnmatchedArgumentException(at, List.of(args[i]));
                }
                at = at.getSubcommands().getOrDefault(args[i], at);
            } else if (equals > 0 && args[i].startsWith("-", equals + 1) && isText(option)) {
                marked[i] = args[i].substring(0, equals + 1) + VALUE + args[i].substring(equals + 1);
            } else if (equals < 0 && option.arity().min() > 0 && i + 1 < args.length) {
                String next = args[++i];
                if (next.equals("--") || isOption(next, spec)) {
                    throw new ParameterException(at,
                            option.longestName() + " needs a value, but " + next
                                    + " is an option; if it is meant as the value, write " + option.longestName() + "="
                                    + Shell.quoted(next));
                }
            }
        }
        return marked;
    }

    /// A message of picocli, which may quote a value.
    static String unmarked(String text) {
        return text.replace(VALUE, "");
    }

    private static Path path(String value) {
        if (value.isEmpty()) {
            throw new TypeConversionException("wanted a file or a directory, found nothing");
        }
        return Path.of(unmarked(value));
    }

    private static boolean isText(OptionSpec option) {
        Class<?> type = option.auxiliaryTypes()[0];
        return type == String.class || type == Path.class;
    }

    private static boolean isOption(String arg, CommandSpec spec) {
        String name = arg.startsWith("--") && arg.contains("=") ? arg.substring(0, arg.indexOf('=')) : arg;
        return spec.optionsMap().containsKey(name) || spec.negatedOptionsMap().containsKey(name);
    }
}

package llams.cli;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.trainer.data.Spelling;

/// What is entered in a conversation at a terminal: a message, or a command. A command is one line of a slash and a word,
/// and perhaps what the word is about; everything else is a message, a path or several lines that begin with a slash,
/// too. A second slash makes a message of what looks like a command.
sealed interface ChatInput {
    record Nothing() implements ChatInput {}

    record Message(String text) implements ChatInput {}

    record Help() implements ChatInput {}

    record ShowSystem() implements ChatInput {}

    /// @param textOrNull null for no system message
    record SetSystem(String textOrNull) implements ChatInput {}

    record Reset() implements ChatInput {}

    record Retry() implements ChatInput {}

    record Save(Path file, boolean overwrites) implements ChatInput {}

    record Load(Path file) implements ChatInput {}

    record Stats() implements ChatInput {}

    record Exit() implements ChatInput {}

    /// No command, though it looks like one.
    record Wrong(String reason) implements ChatInput {}

    String NONE = "--none";
    String OVERWRITE = "--overwrite";
    Pattern COMMAND = Pattern.compile("(/[A-Za-z]+)(?:\\h+(.*))?");

    static ChatInput of(String entered) {
        if (entered.isBlank()) {
            return new Nothing();
        }
        Matcher command = COMMAND.matcher(entered.stripTrailing());
        if (!command.matches()) {
            return new Message(entered.startsWith("//") ? entered.substring(1) : entered);
        }
        String word = command.group(1);
        String about = command.group(2) == null ? "" : command.group(2).strip();
        return ChatVerb.of(word).map(verb -> of(verb, about)).orElseGet(() -> unknown(word));
    }

    private static ChatInput of(ChatVerb verb, String about) {
        if (verb.parameter.isEmpty() && !about.isEmpty()) {
            return new Wrong(verb.word() + " stands alone, without '" + Errors.brief(about) + "'");
        }
        return switch (verb) {
            case HELP -> new Help();
            case SYSTEM -> about.isEmpty() ? new ShowSystem() : new SetSystem(about.equals(NONE) ? null : about);
            case RESET -> new Reset();
            case RETRY -> new Retry();
            case SAVE -> save(about);
            case LOAD -> about.isEmpty() ? withoutFile(verb) : ofFile(about, Load::new);
            case STATS -> new Stats();
            case EXIT -> new Exit();
        };
    }

    private static ChatInput save(String about) {
        boolean overwrites = about.equals(OVERWRITE) || about.startsWith(OVERWRITE + " ");
        String file = overwrites ? about.substring(OVERWRITE.length()).strip() : about;
        return file.isEmpty() ? withoutFile(ChatVerb.SAVE) : ofFile(file, path -> new Save(path, overwrites));
    }

    private static ChatInput withoutFile(ChatVerb verb) {
        return new Wrong(verb.word() + " needs a file, as in '" + verb.word() + " chat.jsonl'");
    }

    private static ChatInput ofFile(String name, java.util.function.Function<Path, ChatInput> command) {
        try {
            return command.apply(path(name));
        } catch (InvalidPathException e) {
            return new Wrong("no file can have the name '" + Errors.brief(name) + "': " + e.getReason());
        }
    }

    /// A file as shells understand its name, with `~/` for the user's directory.
    static Path path(String name) {
        return name.startsWith("~/") ? Path.of(System.getProperty("user.home"), name.substring(2)) : Path.of(name);
    }

    private static ChatInput unknown(String word) {
        Optional<String> meant = Spelling.similar(word, Stream.of(ChatVerb.values()).map(ChatVerb::word).toList());
        return new Wrong(
                "there is no command " + Errors.brief(word) + meant.map(m -> " (did you mean " + m + "?)").orElse("")
                        + "; /help lists them, and /" + Errors.brief(word) + " sends it as a message");
    }
}

package llams.cli;

import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/// The commands of a conversation at a terminal.
enum ChatVerb {
    HELP("", "this list"), SYSTEM("[TEXT]", "show or set the system message; '--none' for none"),
    RESET("", "begin a new conversation"), RETRY("", "another answer to the last message"),
    SAVE("FILE", "write the conversation, as 'train' reads it"), LOAD("FILE", "go on with a conversation of a file"),
    STATS("", "tokens, speed and memory"), EXIT("", "leave; so does Ctrl-D");

    /// What may follow it.
    final String parameter;
    final String help;

    ChatVerb(String parameter, String help) {
        this.parameter = parameter;
        this.help = help;
    }

    /// As it is typed: `/help`.
    String word() {
        return "/" + name().toLowerCase(Locale.ROOT);
    }

    boolean takesFile() {
        return parameter.equals("FILE");
    }

    static Optional<ChatVerb> of(String word) {
        return Stream.of(values()).filter(verb -> verb.word().equals(word)).findAny();
    }
}

package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.jline.keymap.KeyMap;
import org.jline.reader.Binding;
import org.jline.reader.Buffer;
import org.jline.reader.EndOfFileException;
import org.jline.reader.LineReader;
import org.jline.reader.LineReaderBuilder;
import org.jline.reader.Reference;
import org.jline.reader.UserInterruptException;
import org.jline.terminal.Attributes;
import org.jline.terminal.Terminal;
import org.jline.terminal.TerminalBuilder;
import org.jline.utils.AttributedStringBuilder;
import org.jline.utils.AttributedStyle;

/// The lines that are entered in a conversation at a terminal: edited, completed, kept.
final class ChatTerminal {
    private static final String PROMPT = "> ";
    private static final String ENTER = "enter-or-next-line";
    private static final String NEXT_LINE = "next-line";
    private static final int KEPT_LINES = 2_000;

    private final LineReader reader;

    /// @param history a file that there is, or null to keep nothing
    ChatTerminal(Terminal terminal, Path history) {
        ChatCompleter completer = new ChatCompleter();
        LineReaderBuilder builder = LineReaderBuilder.builder()
                .terminal(terminal)
                .parser(completer)
                .completer(completer)
                .variable(LineReader.SECONDARY_PROMPT_PATTERN, " ".repeat(PROMPT.length()))
                .variable(LineReader.HISTORY_SIZE, KEPT_LINES)
                .variable(LineReader.HISTORY_FILE_SIZE, KEPT_LINES)
                .option(LineReader.Option.COMPLETE_MATCHER_TYPO, false)
                // An exclamation mark is one.
                .option(LineReader.Option.DISABLE_EVENT_EXPANSION, true);
        if (history != null) {
            builder.variable(LineReader.HISTORY_FILE, history);
        }
        reader = builder.build();
        remember();
        reader.getWidgets().put(ENTER, this::enter);
        reader.getWidgets().put(NEXT_LINE, this::nextLine);
        for (String name : List.of(LineReader.MAIN, LineReader.DUMB)) {
            KeyMap<Binding> keys = reader.getKeyMaps().get(name);
            keys.bind(new Reference(ENTER), KeyMap.ctrl('M'), KeyMap.ctrl('J'));
            keys.bind(new Reference(NEXT_LINE), KeyMap.alt(KeyMap.ctrl('M')), KeyMap.alt(KeyMap.ctrl('J')));
        }
    }

    /// Takes up the history; a file that holds something else is left alone, and the history is empty.
    private void remember() {
        try {
            reader.getHistory().attach(reader);
        } catch (RuntimeException _) {
            reader.setVariable(LineReader.HISTORY_FILE, null);
        }
    }

    /// The terminal that standard input and output are. While no line is edited, what is typed is not shown: it would
    /// stand in the middle of an answer. The next line begins with it.
    static Terminal open() throws IOException {
        // Allowed to be dumb, or it would warn.
        Terminal terminal = TerminalBuilder.builder().system(true).dumb(true).encoding(StandardCharsets.UTF_8).build();
        if (!terminal.getType().startsWith(Terminal.TYPE_DUMB)) {
            Attributes attributes = terminal.getAttributes();
            attributes.setLocalFlag(Attributes.LocalFlag.ECHO, false);
            terminal.setAttributes(attributes);
        }
        return terminal;
    }

    /// Enter ends what is entered, but behind a backslash it begins another line.
    private boolean enter() {
        Buffer buffer = reader.getBuffer();
        if (buffer.cursor() == buffer.length() && buffer.prevChar() == '\\') {
            buffer.backspace();
            return nextLine();
        }
        reader.callWidget(LineReader.ACCEPT_LINE);
        return true;
    }

    private boolean nextLine() {
        reader.getBuffer().write('\n');
        return true;
    }

    /// What is entered next; empty after Ctrl-D.
    ///
    /// @param whenInterrupted called at each Ctrl-C on an empty line; on any other it only begins a new one
    Optional<String> next(Runnable whenInterrupted) {
        while (true) {
            try {
                return Optional.of(reader.readLine(prompt()));
            } catch (UserInterruptException e) {
                if (e.getPartialLine().isBlank()) {
                    whenInterrupted.run();
                }
            } catch (EndOfFileException _) {
                return Optional.empty();
            }
        }
    }

    private String prompt() {
        return llams.cli.Terminal.hasColours()
                ? new AttributedStringBuilder().append(PROMPT, AttributedStyle.BOLD).toAnsi(reader.getTerminal())
                : PROMPT;
    }
}

package llams.cli;

import java.io.PrintStream;
import org.jline.terminal.Terminal;
import org.jline.terminal.impl.DumbTerminal;
import org.jline.utils.Signals;

/// Ctrl-C in a conversation ends the answer that is being made, and the conversation goes on. Where lines are edited,
/// that is all it does here: at the prompt it is the editor's. Elsewhere a second one, or one at the prompt, ends the
/// program; and where messages come from a file, the first does: nobody is there to go on.
final class AnswerInterruption implements AutoCloseable {
    private static final String SIGNAL = "INT";
    private static final int ENDED_BY_SIGNAL = 128 + 2;

    private enum State {
        PROMPT, ANSWERING, STOPPED
    }

    private final Runnable otherwise;
    private final Runnable release;
    private volatile State state = State.PROMPT;

    /// Where lines come as they are.
    AnswerInterruption(PrintStream err) {
        otherwise = () -> {
            err.println();
            System.exit(ENDED_BY_SIGNAL);
        };
        if (llams.cli.Terminal.isInput()) {
            Object before = Signals.register(SIGNAL, this::received);
            release = () -> Signals.unregister(SIGNAL, before);
        } else {
            release = () -> {};
        }
    }

    /// Where lines are edited.
    AnswerInterruption(Terminal terminal) {
        otherwise = () -> {};
        Terminal.SignalHandler before = terminal.handle(Terminal.Signal.INT, _ -> received());
        // A dumb one does not hear of signals by itself.
        Object beforeDumb = terminal instanceof DumbTerminal
                ? Signals.register(SIGNAL, () -> terminal.raise(Terminal.Signal.INT))
                : null;
        release = () -> {
            terminal.handle(Terminal.Signal.INT, before);
            if (beforeDumb != null) {
                Signals.unregister(SIGNAL, beforeDumb);
            }
        };
    }

    private void received() {
        if (state == State.ANSWERING) {
            state = State.STOPPED;
        } else {
            otherwise.run();
        }
    }

    void answerBegins() {
        state = State.ANSWERING;
    }

    /// Whether the answer that began last is still wanted.
    boolean isWanted() {
        return state == State.ANSWERING;
    }

    void answerEnds() {
        state = State.PROMPT;
    }

    @Override
    public void close() {
        release.run();
    }
}

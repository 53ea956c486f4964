package llams.cli;

import java.io.PrintStream;
import org.jline.utils.Signals;

/// Ctrl-C in a conversation ends the answer that is being made, and the conversation goes on; a second one, or one at
/// the prompt, ends the program. Where messages come from a file, the first does: nobody is there to go on.
final class AnswerInterruption implements AutoCloseable {
    private static final String SIGNAL = "INT";
    private static final int ENDED_BY_SIGNAL = 128 + 2;

    private enum State {
        PROMPT, ANSWERING, STOPPED
    }

    private final PrintStream err;
    private final Object before;
    private volatile State state = State.PROMPT;

    AnswerInterruption(PrintStream err) {
        this.err = err;
        this.before = Terminal.isInput() ? Signals.register(SIGNAL, this::received) : null;
    }

    private void received() {
        if (state == State.ANSWERING) {
            state = State.STOPPED;
        } else {
            err.println();
            System.exit(ENDED_BY_SIGNAL);
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
        if (before != null) {
            Signals.unregister(SIGNAL, before);
        }
    }
}

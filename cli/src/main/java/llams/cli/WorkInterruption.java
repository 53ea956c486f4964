package llams.cli;

import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;
import org.jline.utils.Signals;

/// Lets long work stop in order when the terminal closes (HUP), on Ctrl-C (INT) and on TERM: the first such signal asks
/// for it, the next ends the program at once. A signal that the program was started to ignore, as `nohup` does, stays
/// ignored.
final class WorkInterruption implements AutoCloseable {
    private static final Map<String, Integer> NUMBERS = Map.of("HUP", 1, "INT", 2, "TERM", 15);

    private final PrintStream err;
    private final String first;
    private final Runnable stop;
    private final Map<String, Object> before = new HashMap<>();
    private int code = Console.DONE;

    /// @param first what happens now, as `finishing the current step, then saving and stopping`
    /// @param stop  asks the work to end; called from another thread
    WorkInterruption(PrintStream err, String first, Runnable stop) {
        this.err = err;
        this.first = first;
        this.stop = stop;
        NUMBERS.forEach((name, number) -> before.put(name, Signals.register(name, () -> received(128 + number))));
    }

    /// Whether an exit code tells of such a signal.
    static boolean isCode(int exitCode) {
        return NUMBERS.containsValue(exitCode - 128);
    }

    private synchronized void received(int asShellsReportIt) {
        if (code != Console.DONE) {
            System.exit(asShellsReportIt);
        }
        code = asShellsReportIt;
        // Behind a bar that redraws itself, on a line of its own.
        err.print(Terminal.columns().isPresent() ? "\n" : "");
        err.println("llams: interrupted; " + first + ". Interrupt again to stop at once");
        stop.run();
    }

    /// The exit code that tells of the signal; [Console#DONE] if there was none.
    synchronized int code() {
        return code;
    }

    @Override
    public void close() {
        before.forEach(Signals::unregister);
    }
}

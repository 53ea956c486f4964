package llams.cli;

import java.io.PrintStream;
import java.util.OptionalInt;
import java.util.concurrent.TimeUnit;
import llams.trainer.measure.Benchmarks;

/// One line about what is going on, which results push aside: redrawn on a terminal, printed once a minute anywhere else.
final class StatusLine implements Benchmarks.Progress {
    private static final long PLAIN_NANOS = TimeUnit.MINUTES.toNanos(1);

    private final PrintStream err;
    private final OptionalInt columns;
    private int shown;
    private long printed = System.nanoTime() - PLAIN_NANOS;

    StatusLine(PrintStream err) {
        this(err, Terminal.columns());
    }

    /// @param columns of the terminal, empty if there is none
    StatusLine(PrintStream err, OptionalInt columns) {
        this.err = err;
        this.columns = columns;
    }

    @Override
    public void at(String line) {
        clear();
        if (columns.isPresent()) {
            shown = Math.min(line.length(), columns.getAsInt() - 1);
            VisibleStream.bare(err).print("\r");
            err.print(line.substring(0, shown));
            err.flush();
        } else if (System.nanoTime() - printed >= PLAIN_NANOS) {
            err.println(line);
            printed = System.nanoTime();
        }
    }

    @Override
    public void clear() {
        if (shown > 0) {
            VisibleStream.bare(err).print("\r" + " ".repeat(shown) + "\r");
            err.flush();
            shown = 0;
        }
    }
}

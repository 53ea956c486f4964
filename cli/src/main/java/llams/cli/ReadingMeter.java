package llams.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.OptionalInt;
import llams.trainer.data.ReadingListener;

/// Shows how far the reading of a data file is, if that takes long: on a terminal a bar that redraws itself, anywhere
/// else a plain line every half minute.
final class ReadingMeter implements ReadingListener, AutoCloseable {
    private static final long LONG_NANOS = 2_000_000_000;
    private static final int PLAIN_INTERVAL_MILLIS = 30_000;
    private static final long MEGABYTE = 1_000_000;

    private final PrintStream err;
    private final long patienceNanos;
    private final OptionalInt columns;
    private final int plainIntervalMillis;
    private String file = "";
    private long began;
    private long shown;
    /// Null while it is not known that reading takes long.
    private ProgressMeter bar;

    ReadingMeter(PrintStream err) {
        this(err, LONG_NANOS, Terminal.columns(), PLAIN_INTERVAL_MILLIS);
    }

    /// @param patienceNanos what does not take longer is not shown
    /// @param columns       of the terminal; empty if there is none
    ReadingMeter(PrintStream err, long patienceNanos, OptionalInt columns, int plainIntervalMillis) {
        this.err = err;
        this.patienceNanos = patienceNanos;
        this.columns = columns;
        this.plainIntervalMillis = plainIntervalMillis;
    }

    @Override
    public void reading(String name, long doneBytes, long totalBytes) {
        long now = System.nanoTime();
        if (!file.equals(name)) {
            ended(file);
            file = name;
            began = now;
        }
        long megabytes = doneBytes / MEGABYTE;
        if (bar == null && now - began >= patienceNanos) {
            shown = megabytes;
            bar = new ProgressMeter(err, "reading " + Path.of(name).getFileName(), "MB",
                    Math.ceilDiv(totalBytes, MEGABYTE), shown, columns, plainIntervalMillis);
        } else if (bar != null) {
            bar.step(megabytes - shown);
            shown = megabytes;
        }
    }

    @Override
    public void waiting(String name) {
        close();
        err.println("note      another program is writing the tokens of " + name + "; waiting until it is done");
    }

    @Override
    public void ended(String name) {
        close();
        file = "";
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}

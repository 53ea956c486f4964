package llams.cli;

import java.io.PrintStream;

/// Shows how many megabytes are done.
final class ByteMeter implements llams.model.files.ByteProgress, AutoCloseable {
    private static final long MEGABYTE = 1_000_000;

    private final PrintStream err;
    private final String task;
    private ProgressMeter bar;
    private long shown;

    ByteMeter(PrintStream err, String task) {
        this.err = err;
        this.task = task;
    }

    /// Starts at what is done already, which does not count towards the rate.
    void from(long doneBytes, long totalBytes) {
        shown = doneBytes / MEGABYTE;
        bar = new ProgressMeter(err, task, "MB", Math.ceilDiv(totalBytes, MEGABYTE), shown);
    }

    @Override
    public void at(long doneBytes, long totalBytes) {
        if (bar == null) {
            from(0, totalBytes);
        }
        long megabytes = doneBytes == totalBytes ? Math.ceilDiv(totalBytes, MEGABYTE) : doneBytes / MEGABYTE;
        bar.step(megabytes - shown);
        shown = megabytes;
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}

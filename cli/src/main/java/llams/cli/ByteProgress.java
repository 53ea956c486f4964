package llams.cli;

import java.io.PrintStream;

/// How many megabytes of results are written.
final class ByteProgress implements llams.trainer.merge.Progress, AutoCloseable {
    private static final long MEGABYTE = 1_000_000;

    private final PrintStream err;
    private final String task;
    private Progress bar;
    private long shown;

    ByteProgress(PrintStream err, String task) {
        this.err = err;
        this.task = task;
    }

    @Override
    public void at(long doneBytes, long totalBytes) {
        if (bar == null) {
            bar = new Progress(err, task, "MB", Math.ceilDiv(totalBytes, MEGABYTE));
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

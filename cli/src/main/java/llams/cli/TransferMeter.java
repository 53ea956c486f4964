package llams.cli;

import java.io.PrintStream;
import llams.model.hub.TransferListener;

/// One bar over all files of a download or an upload, and lines between.
final class TransferMeter implements TransferListener, AutoCloseable {
    private final PrintStream err;
    private final ByteMeter bar;
    private boolean started;

    TransferMeter(PrintStream err, String task) {
        this.err = err;
        this.bar = new ByteMeter(err, task);
    }

    @Override
    public void at(long doneBytes, long totalBytes) {
        if (started) {
            bar.at(doneBytes, totalBytes);
        } else if (doneBytes < totalBytes) {
            bar.from(doneBytes, totalBytes);
            started = true;
        }
    }

    @Override
    public void note(String line) {
        // Behind a bar that redraws itself, on a line of its own.
        err.println((started && Terminal.columns().isPresent() ? "\n" : "") + "llams: " + line);
    }

    @Override
    public void close() {
        bar.close();
    }
}

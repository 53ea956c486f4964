package llams.cli;

import java.io.PrintStream;
import java.text.DecimalFormat;
import java.text.DecimalFormatSymbols;
import java.time.Duration;
import java.util.Locale;
import java.util.OptionalInt;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarStyle;

/// How far long work has come, with its rate and the time left: a bar that redraws itself on a terminal, a plain line
/// every few seconds anywhere else. Safe to call from any thread; close it before printing anything else.
public final class ProgressMeter implements AutoCloseable {
    private static final int TERMINAL_INTERVAL_MILLIS = 200;
    private static final int PLAIN_INTERVAL_MILLIS = 5_000;
    private static final int PLAIN_COLUMNS = 120;

    private final ProgressBar bar;
    private String written;

    /// @param task  what is being done, a few words
    /// @param unit  what is counted, like `tokens`
    /// @param total how many there will be; -1 when unknown
    public ProgressMeter(PrintStream err, String task, String unit, long total) {
        this(err, task, unit, total, 0);
    }

    /// @param done how many there are at the start
    ProgressMeter(PrintStream err, String task, String unit, long total, long done) {
        this(err, task, unit, total, done, Terminal.columns(), PLAIN_INTERVAL_MILLIS);
    }

    ProgressMeter(PrintStream err, String task, String unit, long total, long done, OptionalInt terminal,
            int plainIntervalMillis) {
        boolean redraw = terminal.isPresent();
        PrintStream bare = VisibleStream.bare(err);
        DelegatingProgressBarConsumer lines = redraw
                ? new DelegatingProgressBarConsumer(line -> bare.print("\r" + line), terminal.getAsInt() - 1) {
                    @Override
                    public void close() {
                        err.println();
                    }
                }
                : new DelegatingProgressBarConsumer(line -> plain(err, line.stripTrailing()), PLAIN_COLUMNS);
        bar = new ProgressBarBuilder().setTaskName(task)
                .setUnit(" " + unit, 1)
                .setInitialMax(total)
                .startsFrom(done, Duration.ZERO)
                .setStyle(style(redraw))
                .setUpdateIntervalMillis(redraw ? TERMINAL_INTERVAL_MILLIS : plainIntervalMillis)
                .setConsumer(lines)
                .showSpeed(new DecimalFormat("0.0", DecimalFormatSymbols.getInstance(Locale.ROOT)))
                .build();
    }

    private static ProgressBarStyle style(boolean redraw) {
        if (!redraw) {
            return ProgressBarStyle.ASCII;
        }
        return Terminal.hasColours() ? ProgressBarStyle.COLORFUL_UNICODE_BLOCK : ProgressBarStyle.UNICODE_BLOCK;
    }

    /// The library writes its last state twice.
    private void plain(PrintStream err, String line) {
        if (!line.equals(written)) {
            err.println(line);
            written = line;
        }
    }

    /// `count` more are done.
    public void step(long count) {
        bar.stepBy(count);
    }

    /// Words behind the bar, like the loss.
    public void note(String words) {
        bar.setExtraMessage("  " + words);
    }

    @Override
    public void close() {
        bar.close();
    }
}

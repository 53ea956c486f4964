package llams.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import java.util.OptionalInt;
import llams.trainer.run.TrainingRun;

/// Shows the progress of a training run: on a terminal one line that redraws itself, anywhere else a plain line every
/// few seconds.
final class StepMeter implements TrainingRun.Listener, AutoCloseable {
    private static final long REDRAW_NANOS = 200_000_000L;

    private final PrintStream err;
    private final Path out;
    private final boolean resume;
    private final OptionalInt columns;
    private final StepLine line = new StepLine();
    private final ReadingMeter reading;
    /// Before that, notes stand among what is known of the run.
    private boolean began;
    /// Where there is no terminal.
    private ProgressMeter bar;
    private double evalLoss = Double.NaN;
    private long drawn;
    /// Whether the terminal's cursor is behind a line of this meter.
    private boolean isOpen;

    /// @param resume whether the run was told to go on from a save
    StepMeter(PrintStream err, Path out, boolean resume) {
        this(err, out, resume, Terminal.columns());
    }

    /// @param columns of the terminal; empty if there is none
    StepMeter(PrintStream err, Path out, boolean resume, OptionalInt columns) {
        this.err = err;
        this.out = out;
        this.resume = resume;
        this.columns = columns;
        this.reading = new ReadingMeter(err);
    }

    @Override
    public void reading(String file, long doneBytes, long totalBytes) {
        reading.reading(file, doneBytes, totalBytes);
    }

    @Override
    public void waiting(String file) {
        reading.waiting(file);
    }

    @Override
    public void ended(String file) {
        reading.ended(file);
    }

    @Override
    public void begins(Path save) {
        began = true;
        err.println("output    " + out
                + (save != null
                        ? ", continuing from " + save
                        : resume ? ", which has no save: from the beginning" : ""));
    }

    @Override
    public void note(String note) {
        String text = SettingNames.asOptions(note);
        endLine();
        err.println(began ? "llams: " + text : "note      " + text);
    }

    @Override
    public void endsEarly(int done) {
        note("ended after step " + done + ": the held-out loss fell no more");
    }

    @Override
    public void step(TrainingRun.Report report) {
        if (columns.isEmpty()) {
            plain(report);
            return;
        }
        line.add(report);
        long now = System.nanoTime();
        if (now - drawn >= REDRAW_NANOS || report.isLast() || drawn == 0) {
            drawn = now;
            int width = columns.getAsInt() - 1;
            String text = line.text(width);
            VisibleStream.bare(err).print("\r" + text + " ".repeat(Math.max(0, width - text.length())));
            VisibleStream.bare(err).flush();
            isOpen = true;
        }
    }

    private void plain(TrainingRun.Report report) {
        if (bar == null) {
            // A resumed run counts what is left: rate and time left are those of this run.
            bar = new ProgressMeter(err, report.step() == 0 ? "training" : "training from step " + report.step(),
                    "steps", report.steps() - report.step());
        }
        if (!Double.isNaN(report.evalLoss())) {
            evalLoss = report.evalLoss();
        }
        bar.note(String.format(Locale.ROOT, "loss %.4f%s, %.0f tokens/s", report.loss(),
                Double.isNaN(evalLoss) ? "" : String.format(Locale.ROOT, ", held out %.4f", evalLoss),
                report.tokensPerSecond()));
        bar.step(1);
    }

    private void endLine() {
        if (isOpen) {
            err.println();
            isOpen = false;
        }
    }

    @Override
    public void close() {
        reading.close();
        endLine();
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}

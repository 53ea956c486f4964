package llams.cli;

import java.io.PrintStream;
import java.util.Locale;
import llams.trainer.FineTune;

/// Where a training run stands, with its loss.
final class StepProgress implements FineTune.Listener, AutoCloseable {
    private final PrintStream err;
    private Progress bar;
    private double evalLoss = Double.NaN;

    StepProgress(PrintStream err) {
        this.err = err;
    }

    @Override
    public void step(FineTune.Report report) {
        if (bar == null) {
            // A resumed run counts what is left: rate and time left are those of this run.
            bar = new Progress(err, report.step() == 0 ? "training" : "training from step " + report.step(), "steps",
                    report.steps() - report.step());
        }
        if (!Double.isNaN(report.evalLoss())) {
            evalLoss = report.evalLoss();
        }
        bar.note(String.format(Locale.ROOT, "loss %.4f%s, %.0f tokens/s", report.loss(),
                Double.isNaN(evalLoss) ? "" : String.format(Locale.ROOT, ", held out %.4f", evalLoss), report.tokensPerSecond()));
        bar.step(1);
    }

    @Override
    public void note(String message) {
        // Behind a bar that redraws itself, on a line of its own.
        err.println((Stderr.terminalColumns().isPresent() && bar != null ? "\n" : "") + "llams: " + message);
    }

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
        }
    }
}

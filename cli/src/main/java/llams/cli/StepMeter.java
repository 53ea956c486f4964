package llams.cli;

import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Locale;
import llams.trainer.run.TrainingRun;

/// Shows the progress of a training run, with its loss.
final class StepMeter implements TrainingRun.Listener, AutoCloseable {
    private final PrintStream err;
    private final Path out;
    private final boolean resume;
    /// Before that, notes stand among what is known of the run.
    private boolean began;
    private ProgressMeter bar;
    private double evalLoss = Double.NaN;

    /// @param resume whether the run was told to go on from a save
    StepMeter(PrintStream err, Path out, boolean resume) {
        this.err = err;
        this.out = out;
        this.resume = resume;
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
        String line = SettingNames.asOptions(note);
        err.println(began
                ? (bar != null && Terminal.columns().isPresent() ? "\n" : "") + "llams: " + line
                : "note      " + line);
    }

    @Override
    public void step(TrainingRun.Report report) {
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

    @Override
    public void close() {
        if (bar != null) {
            bar.close();
            bar = null;
        }
    }
}

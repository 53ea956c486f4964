package llams.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.Locale;
import llams.trainer.data.DataStatistics;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;

/// What `llams train` says of a run before its first step, a line for each name.
record RunBanner(PrintStream err, TrainOptions options) {
    /// For a run of fewer steps, the command says how to get more.
    private static final int FEW_STEPS = 20;
    private static final int ENOUGH_STEPS = 80;

    void print(TrainingRun run, TrainingRun.Plan plan) throws IOException {
        TrainSettings settings = plan.settings();
        data("data", plan.data(), settings);
        if (plan.heldOut() != null) {
            data("held out", plan.heldOut(), settings);
        }
        line("model", "%s, %,d parameters", options.model == null ? options.initConfig : options.model,
                plan.parameters());
        line("trained", "%s: %,d parameters, %.3g%%", options.describe(), plan.trained(),
                100.0 * plan.trained() / plan.parameters());
        if (options.teaching.source() != null) {
            line("teacher", "%s", options.teaching.describe());
        }
        line("steps", "%,d of %d x %d x %d tokens; learning rate %s, %s, after %d steps of warm-up", plan.steps(),
                settings.accumulate(), settings.batch(), settings.tokens(), settings.learningRate(),
                options.schedule.kind, settings.warmup());
        passes(plan);
        int workers = settings.summation().workers();
        if (workers > 1) {
            line("workers", "%d, each with %d x %d of the %d sequences of a step", workers,
                    settings.accumulate() / workers, settings.batch(), (long) settings.accumulate() * settings.batch());
        }
        line("memory", "%s weights, %s state, %s temporary; the machine has %s",
                MachineMemory.text(plan.memory().weights()), MachineMemory.text(plan.memory().state()),
                MachineMemory.text(plan.memory().temporaries()), MachineMemory.text(MachineMemory.machineBytes()));
        if (plan.programBytes() > 0) {
            line("", "%s with the program itself", MachineMemory.text(plan.peakBytes()));
        }
        if (plan.peakBytes() > MachineMemory.machineBytes()) {
            line("", "more than there is: each step will read weights from the disk again, which is slow; %s",
                    run.remedy()
                            .map(changes -> "try " + SettingNames.asOptions(changes))
                            .orElse("a smaller model would fit"));
        }
    }

    private void data(String name, DataStatistics data, TrainSettings settings) {
        line(name, "%,d documents, %,d tokens; %,d sequences of at most %d tokens; %,d tokens counted",
                data.documents(), data.tokens(), data.sequences(), settings.tokens(), data.countedTokens());
        if (data.truncated() + data.dropped() > 0) {
            line("", "%,d documents lost %,d tokens at their ends; %,d were left out because nothing in them counts",
                    data.truncated(), data.truncatedTokens(), data.dropped());
        }
    }

    /// How often the run passes over the data, and whether it has enough steps.
    private void passes(TrainingRun.Plan plan) {
        TrainSettings settings = plan.settings();
        int sequences = plan.data().sequences();
        int perPass = settings.stepsPerEpoch(sequences);
        int left = sequences % (settings.accumulate() * settings.batch());
        line("", "%.3g times through the data, %,d step%s each time%s", (double) plan.steps() / perPass, perPass,
                perPass == 1 ? "" : "s",
                left == 0
                        ? ""
                        : String.format(", the last with the %d sequence%s left over", left, left == 1 ? "" : "s"));
        if (options.steps == null && plan.steps() < FEW_STEPS) {
            int epochs = Math.ceilDiv(ENOUGH_STEPS, perPass);
            line("", "so few steps change a model little: an epoch has %d, --epochs %d would make %d%s", perPass,
                    epochs, epochs * perPass,
                    settings.accumulate() * settings.batch() == 1 ? "" : ", a smaller --batch more of each");
        }
    }

    void line(String name, String format, Object... values) {
        err.println(String.format("%-9s ", name) + String.format(Locale.ROOT, format, values));
    }
}

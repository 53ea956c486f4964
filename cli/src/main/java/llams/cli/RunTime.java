package llams.cli;

import java.io.IOException;
import java.util.Locale;
import llams.trainer.data.DataStatistics;
import llams.trainer.measure.SpeedProfile;
import llams.trainer.measure.StepTime;
import llams.trainer.run.TrainSettings;
import llams.trainer.run.TrainingRun;
import llams.trainer.watch.Html;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The time that a training run will take.
final class RunTime {
    /// Shorter runs are not worth measuring for.
    private static final double SHORTEST_SECONDS = 180;
    /// What a processor core surely does not reach: a run that is short at this rate is short.
    private static final double FASTEST_FLOPS = 5e10;

    private RunTime() {}

    /// Null if the run is short and nobody asked, or if it cannot be told.
    ///
    /// @param asked true to measure whatever it takes
    static StepTime of(TrainingRun run, boolean asked) throws IOException {
        TrainingRun.Plan plan = run.plan();
        double flops = 6.0 * plan.parameters() * plan.data().tokens() * plan.steps()
                / Math.max(1, plan.settings().stepsPerEpoch(plan.data().sequences()));
        if (!asked && flops / FASTEST_FLOPS < SHORTEST_SECONDS) {
            return null;
        }
        SpeedProfile profile = SpeedProfile.open(SpeedProfile.standardFile(System.getenv()), run.device(), "");
        return StepTime.of(run.device(), run.config(), run.frozenType(), plan.settings(), tokens(plan),
                counted(plan.data()), profile);
    }

    /// Of a document of a pair, or else of a sequence, on average.
    private static int tokens(TrainingRun.Plan plan) {
        DataStatistics data = plan.data();
        long rows = (plan.settings().objective().isOfPairs() ? 2L : 1) * data.sequences();
        return Math.clamp(data.tokens() / Math.max(1, rows), 2, plan.settings().tokens());
    }

    /// Share of the tokens that count, in twentieths: what was measured once is found again with similar data.
    private static double counted(DataStatistics data) {
        double share = (double) data.countedTokens() / Math.max(1, data.packedTokens());
        return Math.max(1, Math.round(20 * share)) / 20.0;
    }

    /// The whole run, its measurements of held-out data included.
    static double seconds(TrainingRun.Plan plan, StepTime time) {
        TrainSettings settings = plan.settings();
        double measurements = 0;
        if (plan.heldOut() != null) {
            int every = settings.evalEvery().steps();
            double times = 1 + (every > 0 ? plan.steps() / every : 0);
            measurements = times * Math.ceilDiv(plan.heldOut().sequences(), settings.batch()) * time.forward();
        }
        return time.warmup() + plan.steps() * time.step(settings.accumulate()) + measurements;
    }

    static String line(TrainingRun.Plan plan, StepTime time) {
        return String.format(Locale.ROOT, "%s a step, %s in all", text(time.step(plan.settings().accumulate())),
                Html.time(seconds(plan, time)));
    }

    private static String text(double seconds) {
        return seconds < 1 ? String.format(Locale.ROOT, "%.0f ms", seconds * 1e3) : Html.time(seconds);
    }

    /// @param time null if it is not known
    static ObjectNode json(TrainingRun.Plan plan, StepTime time) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("steps", plan.steps()).put("peakBytes", plan.peakBytes());
        if (time != null) {
            json.put("stepSeconds", time.step(plan.settings().accumulate())).put("runSeconds", seconds(plan, time));
        }
        return json;
    }
}

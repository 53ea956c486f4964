package llams.cli;

import llams.trainer.optim.Schedule;
import picocli.CommandLine.Option;

/// How the learning rate goes on after the warm-up.
final class ScheduleOptions {
    private static final Schedule.Shape STANDARD = Schedule.Shape.of(Schedule.Kind.COSINE);

    @Option(
            names = "--schedule",
            paramLabel = "KIND",
            completionCandidates = CompletionValues.Schedules.class,
            description = "How the learning rate falls: cosine, linear, constant, wsd (constant, then a decay) or"
                    + " inverse-sqrt (default: ${DEFAULT-VALUE}).")
    String kind = STANDARD.kind().toString();

    @Option(
            names = "--min-lr-ratio",
            paramLabel = "R",
            description = "The lowest learning rate, as a part of the peak (default: 0).")
    double minRatio = STANDARD.minRatio();

    @Option(
            names = "--decay-steps",
            paramLabel = "N",
            description = "--schedule wsd: the last steps, over which the rate falls (default: a tenth of the run).")
    Integer decaySteps;

    @Option(
            names = "--decay-type",
            paramLabel = "SHAPE",
            completionCandidates = CompletionValues.Decays.class,
            description = "--schedule wsd: how it falls: linear, cosine or 1-sqrt (default: linear).")
    String decayType;

    @Option(
            names = "--timescale",
            paramLabel = "N",
            description = "--schedule inverse-sqrt: steps until the rate is the peak / sqrt(2) (default: the warm-up's,"
                    + " or " + Schedule.Shape.TIMESCALE + " without one).")
    Integer timescale;

    /// @throws llams.model.files.SettingException if the options do not fit together
    Schedule.Shape shape() {
        return new Schedule.Shape(Schedule.Kind.named(kind), minRatio,
                decaySteps == null ? Schedule.Shape.AUTO : decaySteps,
                decayType == null ? STANDARD.decay() : Schedule.Decay.named(decayType),
                timescale == null ? 0 : timescale);
    }

    /// Fills in what was left open.
    void take(Schedule.Shape known) {
        if (known.kind() == Schedule.Kind.WSD) {
            decaySteps = known.decaySteps();
            decayType = known.decay().toString();
        }
    }
}

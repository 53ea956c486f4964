package llams.cli;

import java.nio.file.Path;
import java.util.Locale;
import llams.trainer.run.Distilled;
import llams.trainer.run.NextToken;
import llams.trainer.run.Objective;
import llams.trainer.run.TrainRequest;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// Learning from another model's probabilities.
final class TeacherOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--teacher",
            paramLabel = "DIR",
            description = "Distillation: also learn the probabilities of this model, whose vocabulary is the same.")
    Path teacher;

    @Option(
            names = "--teacher-logits",
            paramLabel = "DIR",
            description = "Ask the teacher once and keep what it says here; later runs on the same data need no"
                    + " --teacher.")
    Path teacherLogits;

    @Option(
            names = "--teacher-top",
            paramLabel = "K",
            description = "How many of the teacher's most likely tokens are learned (default: " + Distilled.COUNT
                    + ").")
    Integer teacherTop;

    @Option(
            names = "--distill-ratio",
            paramLabel = "R",
            description = "Share of the teacher in the loss, up to 1 (default: " + Distilled.RATIO + ").")
    Double distillRatio;

    @Option(
            names = "--distill-temperature",
            paramLabel = "T",
            description = "Temperature of both models' probabilities (default: 1).")
    Double distillTemperature;

    private boolean isUsed() {
        return teacher != null || teacherLogits != null;
    }

    /// What is minimised where it would be `usual` without a teacher; fills in what these options leave open.
    Objective objective(Objective usual) {
        if (!isUsed()) {
            usage(teacherTop == null && distillRatio == null && distillTemperature == null,
                    "--teacher-top, --distill-ratio and --distill-temperature are for a run with a --teacher");
            return usual;
        }
        usage(usual instanceof NextToken, "--teacher is for --method lora, full or new-tokens");
        teacherTop = teacherTop == null ? Distilled.COUNT : teacherTop;
        distillRatio = distillRatio == null ? Distilled.RATIO : distillRatio;
        distillTemperature = distillTemperature == null ? Distilled.TEMPERATURE : distillTemperature;
        return new Distilled(distillRatio, distillTemperature, teacherTop, null);
    }

    /// Null if there is no teacher.
    TrainRequest.TeacherSource source() {
        return isUsed() ? new TrainRequest.TeacherSource(teacher, teacherLogits) : null;
    }

    /// For people.
    String describe() {
        return String.format(Locale.ROOT, "%s: its %d most likely tokens at temperature %s, with weight %s in the loss",
                teacher == null ? "what is kept in " + teacherLogits : teacher, teacherTop, distillTemperature,
                distillRatio);
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }
}

package llams.trainer.task;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.ToDoubleFunction;

/// What the answers to a task come to.
///
/// @param subjects in the order of the data; one without a name if the task has none
/// @param all      the mean over all questions, so that large subjects weigh more
/// @param macro    the mean over the subjects, each of the same weight
public record TaskScores(List<Part> subjects, Part all, Part macro) {
    /// @param questions that were asked
    /// @param chance    the share that blind picks get right; 0 if the model writes its answers
    /// @param metrics   by their names
    public record Part(String name, int questions, double chance, Map<String, Score> metrics) {}

    /// The name of [MacroF1] among the metrics.
    static final String F1 = "f1";

    /// A share of right answers, or their F1.
    ///
    /// @param error the standard error, with the questions as a sample of many; NaN for F1
    public record Score(double share, double error) {
        static Score of(int right, int asked) {
            double share = (double) right / asked;
            return new Score(share, Math.sqrt(share * (1 - share) / Math.max(1, asked - 1)));
        }
    }

    /// @param f1 whether it is among the metrics
    static TaskScores of(List<Answered> answers, boolean f1) {
        Map<String, List<Answered>> bySubject = new LinkedHashMap<>();
        answers.forEach(
                answer -> bySubject.computeIfAbsent(answer.question().subject(), _ -> new ArrayList<>()).add(answer));
        List<Part> parts = new ArrayList<>();
        bySubject.forEach((subject, list) -> parts.add(part(subject, list)));
        int asked = answers.size();
        List<String> metrics = List.copyOf(parts.getFirst().metrics.keySet());
        double chance = mean(parts, part -> (double) part.questions / asked * parts.size() * part.chance);
        Part all = together("all", asked, chance, metrics, parts, TaskScores::weighted);
        Part macro = together("macro", asked, mean(parts, Part::chance), metrics, parts, TaskScores::macro);
        if (f1) {
            for (Part part : parts) {
                part.metrics.put(F1, new Score(MacroF1.of(bySubject.get(part.name)), Double.NaN));
            }
            all.metrics.put(F1, new Score(MacroF1.of(answers), Double.NaN));
            macro.metrics.put(F1, new Score(mean(parts, part -> part.metrics.get(F1).share), Double.NaN));
        }
        return new TaskScores(parts, all, macro);
    }

    private static Part part(String subject, List<Answered> answers) {
        Map<String, Score> metrics = new LinkedHashMap<>();
        for (String metric : answers.getFirst().right().keySet()) {
            int right = (int) answers.stream().filter(answer -> answer.right().get(metric)).count();
            metrics.put(metric, Score.of(right, answers.size()));
        }
        double chance = answers.stream()
                .mapToInt(answer -> answer.question().choices().size())
                .mapToDouble(choices -> choices == 0 ? 0 : 1.0 / choices)
                .average()
                .orElse(0);
        return new Part(subject, answers.size(), chance, metrics);
    }

    private static Part together(String name, int asked, double chance, List<String> metrics, List<Part> parts,
            BiFunction<List<Part>, String, Score> mean) {
        Map<String, Score> scores = new LinkedHashMap<>();
        metrics.forEach(metric -> scores.put(metric, mean.apply(parts, metric)));
        return new Part(name, asked, chance, scores);
    }

    /// The error comes from the variance within the subjects, pooled, as in lm-evaluation-harness.
    private static Score weighted(List<Part> parts, String metric) {
        double right = 0;
        double variance = 0;
        int asked = 0;
        for (Part part : parts) {
            Score score = part.metrics.get(metric);
            int n = part.questions;
            right += n * score.share;
            variance += (n - 1) * score.error * score.error * n;
            asked += n;
        }
        return new Score(right / asked, Math.sqrt(variance / Math.max(1, asked - parts.size()) / asked));
    }

    private static Score macro(List<Part> parts, String metric) {
        double squares = parts.size() * mean(parts, part -> Math.pow(part.metrics.get(metric).error, 2));
        return new Score(mean(parts, part -> part.metrics.get(metric).share), Math.sqrt(squares) / parts.size());
    }

    private static double mean(List<Part> parts, ToDoubleFunction<Part> value) {
        return parts.stream().mapToDouble(value).average().orElse(0);
    }
}

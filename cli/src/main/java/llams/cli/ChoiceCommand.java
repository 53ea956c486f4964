package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import llams.engine.device.Device;
import llams.model.text.LoadedModel;
import llams.trainer.eval.ChoiceQuestion;
import llams.trainer.eval.MultipleChoice;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval choice`
@Command(
        name = "choice",
        description = {
                "Measure how many multiple-choice questions a model gets right, by the likelihood of each answer.",
                "A line is {\"question\": \"1 + 1 =\", \"choices\": [\"2\", \"3\"], \"answer\": 0}, the answer counted"
                        + " from 0. The question stands"
                        + " before each answer as it is: write 'Answer:' or examples into it if the model should see"
                        + " them. By length: the"
                        + " likelihood per character decides, so that short answers are not preferred.",
                "One white space stands between question and answer: the question's own at its end, or the answer's own"
                        + " at its"
                        + " beginning, or else a blank. \"separator\": \"\" in a line says that nothing does, for"
                        + " answers that continue a"
                        + " word, as Korean particles do; any other text stands there as it is."},
        footer = {"", "Example:", "  llams eval choice -m model --adapter tuned --data questions.jsonl"})
final class ChoiceCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Mixin
    ModelOptions model;

    @Option(names = "--data", paramLabel = "FILE", required = true, description = "Required: questions, one per line.")
    Path data;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        Device device = compute.open();
        Map<String, Integer> unused = new TreeMap<>();
        List<ChoiceQuestion> questions = ChoiceQuestion.read(data, key -> unused.merge(key, 1, Integer::sum));
        unused.forEach((key, rows) -> eval.console
                .note("\"" + key + "\" is not used; " + rows + " of " + questions.size() + " questions have it"));
        try (LoadedModel loaded = model.open(device)) {
            MultipleChoice choice = new MultipleChoice(questions, loaded.requireText("questions need"),
                    loaded.weights.config.maxPositions());
            MachineMemory.check(choice.memory(loaded.model), loaded.weights.allocatedBytes(), "shorter questions");
            MultipleChoice.Score score;
            try (ProgressMeter progress = new ProgressMeter(eval.console.err, "asking", "tokens", choice.tokens())) {
                score = choice.score(loaded.device, loaded.model, loaded.resident, progress::step);
            }
            print(score);
        }
        return Console.DONE;
    }

    private void print(MultipleChoice.Score score) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            report.put("questions", score.questions())
                    .put("accuracy", score.accuracy())
                    .put("accuracyByLength", score.accuracyByLength())
                    .put("chance", score.chance())
                    .put("device", compute.used);
            eval.console.out.println(report);
            return;
        }
        line("accuracy", score.accuracy(), score.error(score.accuracy()), "%,d of %,d right; blind picks: %.1f%%",
                score.correct(), score.questions(), 100 * score.chance());
        line("by length", score.accuracyByLength(), score.error(score.accuracyByLength()), "%,d right",
                score.correctByLength());
    }

    private void line(String name, double accuracy, double error, String more, Object... values) {
        eval.console.out.printf(Locale.ROOT, "%-9s  %.1f%% ± %.1f  %s%n", name, 100 * accuracy, 100 * error,
                String.format(Locale.ROOT, more, values));
    }
}

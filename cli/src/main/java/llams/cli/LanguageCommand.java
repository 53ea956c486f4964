package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.engine.io.AtomicFiles;
import llams.model.text.GenerateOptions;
import llams.model.text.Sampling;
import llams.model.text.TextGenerator;
import llams.trainer.eval.LanguageConfusion;
import llams.trainer.eval.LanguageConfusion.Answer;
import llams.trainer.eval.LanguageConfusion.Direction;
import llams.trainer.eval.LanguageConfusion.Question;
import llams.trainer.eval.LanguageConfusion.Score;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval language`
@Command(
        name = "language",
        description = {"Measure how often a model answers in the wrong language.",
                "Each question is asked in Korean and in English, once as it is and once asking for an answer in the"
                        + " other language: four answers, each in a conversation of its own. An answer is wrong if more"
                        + " than half of the words of one of its lines are in another script. Code, numbers and"
                        + " addresses do not count.",
                "Answers are the most probable ones, so the figures are the same each time."},
        footer = {"", "Examples:", "  llams eval language -m model --questions pairs.jsonl",
                "  llams eval language -m model --questions pairs.jsonl --answers a.jsonl"})
final class LanguageCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(
            names = "--questions",
            paramLabel = "FILE",
            required = true,
            description = "Required: lines with {\"q_ko\": ..., \"q_en\": ...}, as pairs have them.")
    Path questions;

    @Option(names = "--limit", paramLabel = "N", description = "Ask only the first N questions (default: all).")
    Integer limit;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "256",
            description = "The most tokens in an answer (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Option(
            names = "--context",
            paramLabel = "N",
            defaultValue = "2048",
            description = "The most tokens in a question"
                    + " and its answer (default: ${DEFAULT-VALUE}, or what the model allows).")
    int context;

    @Option(names = "--answers", paramLabel = "FILE", description = "Also write the answers, one per line.")
    Path answers;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (maxTokens < 1 || context < 1 || limit != null && limit < 1) {
            throw new ParameterException(spec.commandLine(), "-n, --context and --limit must be at least 1");
        }
        List<Question> all = Question.read(questions);
        List<Question> chosen = limit == null ? all : all.subList(0, Math.min(limit, all.size()));
        List<Answer> given;
        try (TextGenerator generator = new TextGenerator(model.open(compute.open()), context)) {
            MachineMemory.check(generator.memory(generator.context, maxTokens),
                    generator.model.weights.allocatedBytes(), "a smaller --context");
            GenerateOptions options = new GenerateOptions(maxTokens, List.of(), Sampling.greedy());
            try (ProgressMeter progress = new ProgressMeter(eval.console.err, "answering", "answers",
                    (long) chosen.size() * Direction.ALL.size())) {
                given = LanguageConfusion.ask(generator, chosen, options, _ -> progress.step(1));
            }
        }
        if (answers != null) {
            write(given);
        }
        print(LanguageConfusion.scores(given));
        return Console.DONE;
    }

    private void write(List<Answer> given) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Answer answer : given) {
            ObjectNode line = JsonNodeFactory.instance.objectNode()
                    .put("direction", name(answer.direction()))
                    .put("question", answer.asked())
                    .put("answer", answer.text());
            lines.append(line).append('\n');
        }
        AtomicFiles.write(answers, lines.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void print(List<Score> scores) {
        if (!json) {
            scores.forEach(score -> eval.console.out.printf(Locale.ROOT,
                    "%s  %.1f%% ± %.1f  %,d of %,d answers in the wrong language; %,d of %,d lines; %,d without words%n",
                    name(score.direction()), 100 * score.share(), 100 * score.error(), score.wrong(), score.answers(),
                    score.wrongLines(), score.lines(), score.wordless()));
            return;
        }
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        ArrayNode directions = report.putArray("directions");
        scores.forEach(score -> directions.addObject()
                .put("direction", name(score.direction()))
                .put("answers", score.answers())
                .put("wrong", score.wrong())
                .put("share", score.share())
                .put("error", score.error())
                .put("lines", score.lines())
                .put("wrongLines", score.wrongLines())
                .put("wordless", score.wordless()));
        eval.console.out.println(report.put("device", compute.used));
    }

    /// `en-ko`: asked in English, to be answered in Korean.
    private static String name(Direction direction) {
        return (direction.question() + "-" + direction.answer()).toLowerCase(Locale.ROOT);
    }
}

package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.model.text.TextGenerator;
import llams.trainer.data.PackedDataset;
import llams.trainer.eval.ExactTask;
import llams.trainer.eval.ModelSummary;
import llams.trainer.run.Evaluator;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval summary`
@Command(
        name = "summary",
        description = {"Measure a model on several sets of data at once, and see some of its answers.",
                "Each set has a name, under which its figure stands in the report of a recipe. Answers are the most"
                        + " probable ones, so they are the same each time."},
        footer = {"", "Examples:", "  llams eval summary -m model --loss text=book.txt --ask 'Who are you?'",
                "  llams eval summary -m model --exact facts=facts.jsonl"})
final class SummaryCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Spec
    CommandSpec spec;

    @Mixin
    ModelOptions model;

    @Option(
            names = "--loss",
            paramLabel = "NAME=FILE",
            description = "Held-out data, as 'llams train' takes it: measure the loss per token. Repeatable.")
    Map<String, Path> loss = new LinkedHashMap<>();

    @Option(
            names = "--exact",
            paramLabel = "NAME=FILE",
            description = "Lines with a question and its answer, or with a prompt and its completion: count what the"
                    + " model gets right to the letter. Repeatable.")
    Map<String, Path> exact = new LinkedHashMap<>();

    @Option(names = "--ask", paramLabel = "TEXT", description = "A question, for its answer. Repeatable.")
    List<String> ask = List.of();

    @Option(names = "--begin", paramLabel = "TEXT", description = "A text, for its continuation. Repeatable.")
    List<String> begin = List.of();

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "2048",
            description = "Tokens per sequence (default: ${DEFAULT-VALUE}, or the model's context if that is shorter).")
    int tokens;

    @Option(
            names = {"-n", "--max-tokens"},
            paramLabel = "N",
            defaultValue = "128",
            description = "The most tokens of an answer (default: ${DEFAULT-VALUE}).")
    int maxTokens;

    @Mixin
    DataOptions reading;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws IOException {
        if (tokens < 2 || maxTokens < 1) {
            throw new ParameterException(spec.commandLine(), "--tokens must be at least 2, --max-tokens at least 1");
        }
        try (TextGenerator generator = new TextGenerator(model.open(compute.open()), tokens)) {
            MachineMemory.check(Evaluator.memory(generator.model.model, generator.context),
                    generator.model.weights.allocatedBytes(), "a smaller --tokens");
            print(ModelSummary.of(generator, measures(generator)));
        }
        return Console.DONE;
    }

    private ModelSummary.Measures measures(TextGenerator generator) throws IOException {
        Map<String, PackedDataset> data = new LinkedHashMap<>();
        for (Map.Entry<String, Path> set : loss.entrySet()) {
            data.put(set.getKey(), new PackedDataset(reading.load(List.of(set.getValue()),
                    reading.encoder(generator.model.text, generator.model.weights.config.vocab()), eval.console.err)
                    .documents(), generator.context, true));
        }
        Map<String, List<ExactTask>> tasks = new LinkedHashMap<>();
        for (Map.Entry<String, Path> set : exact.entrySet()) {
            tasks.put(set.getKey(), ExactTask.read(set.getValue()));
        }
        if (!tasks.isEmpty() || !ask.isEmpty() || !begin.isEmpty()) {
            generator.model.requireText("questions need");
        }
        return new ModelSummary.Measures(data, generator.context, tasks, ask, begin, maxTokens);
    }

    private void print(ModelSummary summary) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            ObjectNode losses = report.putObject("losses");
            summary.losses().forEach(losses::put);
            ObjectNode scores = report.putObject("exact");
            summary.exact()
                    .forEach((name,
                            score) -> scores.putObject(name).put("right", score.right()).put("asked", score.asked()));
            ObjectNode answers = report.putObject("answers");
            summary.answers().forEach(answers::put);
            eval.console.out.println(report.put("device", compute.used));
            return;
        }
        summary.losses().forEach((name, value) -> line("%-20s %.4f nats per token", name, value));
        summary.exact().forEach((name, score) -> line("%-20s %d of %d right", name, score.right(), score.asked()));
        summary.answers().forEach((asked, answer) -> line("%n%s%n  %s", asked, answer.replaceAll("\\s+", " ")));
    }

    private void line(String form, Object... values) {
        eval.console.out.printf(Locale.ROOT, form + "%n", values);
    }
}

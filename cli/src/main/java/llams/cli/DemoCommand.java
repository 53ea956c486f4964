package llams.cli;

import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.trainer.distributed.Collective;
import llams.trainer.recipe.Recipe;
import llams.trainer.recipe.RecipeRun;
import llams.trainer.recipe.StagePlan;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams demo`: the whole recipe on an embedded example.
@Command(
        name = "demo",
        description = {"Run the whole recipe on a small example; nothing to download.",
                "Trains a tokenizer and a small base model on Korean and English text, makes an instruct"
                        + " model from it, fine-tunes the base on new Korean text, adds the chat vector, and"
                        + " LoRA-tunes the result on conversations that mix the languages. Shows what each step did to"
                        + " held-out loss and answers, and keeps everything in a directory.",
                "The stages are those of 'llams recipe show demo --yaml'. Interrupted, the same command continues."},
        footer = {"", "Examples:", "  llams demo", "  llams demo --out /tmp/first-try --set seed=2"})
final class DemoCommand implements Callable<Integer> {
    private static final String MEASURE = "measure-";

    @ParentCommand
    Console console;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            defaultValue = "llams-demo",
            description = "A directory for all results (default: ${DEFAULT-VALUE}).")
    Path out;

    @Option(names = "--set", paramLabel = "NAME=VALUE", description = "As in 'llams recipe run'. Repeatable.")
    Map<String, String> values = Map.of();

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Mixin
    ComputeOptions compute;

    @Override
    public Integer call() throws Exception {
        Collective workers = new JoinOptions().join(console, JoinOptions.RECIPE_AGAIN);
        RecipeRun run = JoinOptions.begin(workers, () -> new RecipeRun(Recipe.shipped("demo", values),
                new RecipeCommands(VisibleStream.bare(console.err), compute, workers), out, Version.ofProgram()));
        RecipeRun.Ending ending = JoinOptions.run(run, workers, true, console);
        if (ending.exitCode() != Console.DONE || workers.rank() > 0) {
            return ending.exitCode();
        }
        Map<String, JsonNode> models = models(ending.stages());
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            models.forEach(report::set);
            console.out.println(report);
            return Console.DONE;
        }
        print(models);
        double seconds = ending.stages().stream().mapToDouble(stage -> stage.record().seconds()).sum();
        printf("%nMade in %.0f seconds: models, data, logs and report.html are in %s.%n", seconds, out);
        printNext();
        return Console.DONE;
    }

    /// What was measured, by the names of the models.
    private static Map<String, JsonNode> models(List<StagePlan> stages) {
        Map<String, JsonNode> models = new LinkedHashMap<>();
        for (StagePlan stage : stages) {
            if (stage.stage().name().startsWith(MEASURE)) {
                models.put(stage.stage().name().substring(MEASURE.length()), stage.record().report());
            }
        }
        return models;
    }

    private void print(Map<String, JsonNode> models) {
        printf("%nHeld-out loss, in nats per token:%n%n");
        table(models, "losses", loss -> String.format(Locale.ROOT, "%.3f", loss.asDouble()));
        printf("%nAnswers that are exactly right: held-out questions, the same with the answer asked for in the other"
                + " language,%nand facts about the village:%n%n");
        table(models, "exact", score -> score.get("right").asInt() + "/" + score.get("asked").asInt());
        for (String question : models.get("base").get("answers").propertyNames()) {
            printf("%n%s%n", question);
            models.forEach((name, model) -> printf("  %-10s%s%n", name,
                    model.get("answers").get(question).asString().replaceAll("\\s+", " ")));
        }
    }

    private interface Cell {
        String text(JsonNode figure);
    }

    /// A row for each model.
    private void table(Map<String, JsonNode> models, String figures, Cell cell) {
        printf("%-10s", "");
        models.get("base").get(figures).propertyNames().forEach(name -> printf("%17s", name));
        printf("%n");
        models.forEach((model, measured) -> {
            printf("%-10s", model);
            measured.get(figures).forEach(figure -> printf("%17s", cell.text(figure)));
            printf("%n");
        });
    }

    private void printNext() {
        printf("%nTo try next:%n");
        Path base = out.resolve("base");
        Path village = out.resolve("data/village.txt");
        printf("  %s%n", Shell.command("generate", "-m", base, "--temp", "0", "-p", "토끼는"));
        printf("  %s%n", Shell.command("chat", "-m", out.resolve("merged"), "--temp", "0"));
        printf("  %s%n", Shell.command("train", "-m", base, "--data", village, "--out", "my-adapter", "--tokens", "256",
                "--steps", "50", "--lr", "1e-3"));
    }

    private void printf(String pattern, Object... values) {
        console.out.print(String.format(Locale.ROOT, pattern, values));
    }
}

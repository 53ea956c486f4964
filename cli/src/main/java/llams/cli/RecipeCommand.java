package llams.cli;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import llams.model.files.DataException;
import llams.trainer.distributed.Collective;
import llams.trainer.recipe.Recipe;
import llams.trainer.recipe.RecipeRun;
import llams.trainer.recipe.StagePlan;
import llams.trainer.recipe.StageRecord;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams recipe`: what to start a training from, and work of many stages from one file.
@Command(
        name = "recipe",
        aliases = "recipes",
        description = {"List recipes: settings of a training, or work of many stages.",
                "A recipe is a YAML file. One of a training holds options of 'llams train'. One of many stages says what"
                        + " each does, and which takes what another makes. docs/RECIPES.md describes both."},
        subcommands = {RecipeCommand.ListCommand.class, RecipeCommand.ShowCommand.class, RecipeCommand.RunCommand.class,
                RecipeCommand.SchemaCommand.class})
final class RecipeCommand implements Callable<Integer> {
    @ParentCommand
    Console console;

    /// Lists the recipes that come with this program, each kind under the command that runs it.
    @Override
    public Integer call() throws IOException {
        console.out.println("One training: " + Shell.command("train", "--config", "NAME") + " runs it, "
                + Shell.command("recipe", "show", "NAME") + " prints it");
        for (String name : TrainingRecipe.SHIPPED) {
            line(name, TrainingRecipe.shipped(name).about());
        }
        console.out.println();
        console.out.println("Many stages: " + Shell.command("recipe", "run", "NAME"));
        for (String name : Recipe.SHIPPED) {
            line(name, Recipe.shipped(name, Map.of()).about());
        }
        return Console.DONE;
    }

    private void line(String name, String about) {
        console.out.printf("  %-18s %s%n", name, about);
    }

    /// `llams recipe list`
    @Command(
            name = "list",
            description = "List the recipes that come with this program.",
            footer = {"", "Example:", "  llams recipe list"})
    static final class ListCommand implements Callable<Integer> {
        @ParentCommand
        RecipeCommand recipe;

        @Override
        public Integer call() throws IOException {
            return recipe.call();
        }
    }

    /// `llams recipe schema`
    @Command(
            name = "schema",
            description = {"Print the JSON schema of a training's recipe.",
                    "Editors that know it complete and check keys; docs/RECIPES.md says how."},
            footer = {"", "Example:", "  llams recipe schema"})
    static final class SchemaCommand implements Callable<Integer> {
        @ParentCommand
        RecipeCommand recipe;

        @Override
        public Integer call() {
            CommandSpec train = CommandSpec.forAnnotatedObject(new TrainCommand());
            recipe.console.out.println(OptionsSchema.of(train).toPrettyString());
            return Console.DONE;
        }
    }

    /// What is run, and where.
    static final class Chosen {
        @Parameters(
                paramLabel = "NAME_OR_FILE",
                description = "A recipe's file, or one that 'llams recipe list' names.")
        String recipe;

        @Option(
                names = "--out",
                paramLabel = "DIR",
                description = "The directory for all results, or that of an earlier run (default: the recipe's name).")
        Path out;

        @Option(
                names = "--set",
                paramLabel = "NAME=VALUE",
                description = "Another value for one of the recipe's 'values'. Repeatable.")
        Map<String, String> values = Map.of();

        RecipeRun open(Console console, ComputeOptions compute, Collective workers) throws IOException {
            if (TrainingRecipe.isOne(recipe)) {
                throw new DataException(
                        recipe + " has no stages; run it with 'llams train --config " + Shell.quoted(recipe) + "'");
            }
            Recipe read = Recipe.find(recipe, values);
            return new RecipeRun(read, new RecipeCommands(VisibleStream.bare(console.err), compute, workers), out(),
                    Version.ofProgram());
        }

        Path out() {
            return out == null ? Path.of(Recipe.nameOf(recipe)) : out;
        }
    }

    /// `llams recipe run`
    @Command(
            name = "run",
            description = {"Run the stages of a recipe that are not done yet.",
                    "A stage is done if its settings, its files, the program and the stages before it are what they"
                            + " were when it finished. What was interrupted continues: training from its newest save,"
                            + " downloads and generated pairs from what has come."},
            footer = {"", "Examples:", "  llams recipe run demo --dry-run",
                    "  llams recipe run mine.yaml --set scale=0.8"})
    static final class RunCommand implements Callable<Integer> {
        @ParentCommand
        RecipeCommand recipe;

        @Mixin
        Chosen chosen;

        @Option(
                names = "--replace",
                description = "Also do again what took more than an hour, if it has changed; its earlier result is lost.")
        boolean replace;

        @Option(names = "--dry-run", description = "Show what would run, and why; do nothing.")
        boolean dryRun;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Mixin
        ComputeOptions compute;

        @Mixin
        JoinOptions joining;

        @Override
        public Integer call() throws Exception {
            Collective workers = joining.join(recipe.console, JoinOptions.RECIPE_AGAIN);
            Console console = recipe.console;
            RecipeRun run = JoinOptions.begin(workers, () -> chosen.open(console, compute, workers));
            boolean isFirst = workers.rank() == 0;
            if (dryRun) {
                if (isFirst) {
                    recipe.forecast(run.plan(), compute, chosen.out(), json);
                }
                workers.close();
                return Console.DONE;
            }
            RecipeRun.Ending ending = JoinOptions.run(run, workers, replace, console);
            if (isFirst) {
                recipe.print(ending.stages(), Map.of(), json);
            }
            return ending.exitCode();
        }
    }

    /// `llams recipe show`
    @Command(
            name = "show",
            description = {"Print a training's recipe, or show how far one of many stages is.",
                    "Of many stages, the report is written too: the page report.html among the results. With --yaml, print"
                            + " the file of a recipe instead, to start your own from."},
            footer = {"", "Examples:", "  llams recipe show laptop-chat", "  llams recipe show demo",
                    "  llams recipe show demo --yaml"})
    static final class ShowCommand implements Callable<Integer> {
        @ParentCommand
        RecipeCommand recipe;

        @Mixin
        Chosen chosen;

        @Option(names = "--yaml", description = "Print the recipe's file.")
        boolean yaml;

        @Option(names = "--json", description = "Print one JSON object.")
        boolean json;

        @Mixin
        ComputeOptions compute;

        @Override
        public Integer call() throws IOException {
            if (TrainingRecipe.isOne(chosen.recipe)) {
                VisibleStream.bare(recipe.console.out).print(TrainingRecipe.find(Path.of(chosen.recipe)).text());
                return Console.DONE;
            }
            RecipeRun run = chosen.open(recipe.console, compute, Collective.ALONE);
            if (yaml) {
                Path file = Path.of(chosen.recipe);
                VisibleStream.bare(recipe.console.out)
                        .print(Files.exists(file) ? Files.readString(file) : Recipe.text(chosen.recipe));
                return Console.DONE;
            }
            List<StagePlan> stages = run.plan();
            recipe.print(stages, Map.of(), json);
            if (Files.isDirectory(chosen.out())) {
                run.report(stages);
            }
            return Console.DONE;
        }
    }

    private void forecast(List<StagePlan> plans, ComputeOptions compute, Path out, boolean json) throws IOException {
        RecipeForecast forecast = new RecipeForecast(compute.open());
        Map<String, StageNeeds> needs = new LinkedHashMap<>();
        for (StagePlan plan : plans) {
            StageNeeds needed = forecast.of(plan);
            if (!plan.isDone()) {
                needs.put(plan.stage().name(), needed);
            }
        }
        print(plans, needs, json);
        if (json || needs.isEmpty()) {
            return;
        }
        double bytes = needs.values().stream().mapToDouble(one -> Math.max(0, one.bytes())).sum();
        double seconds = needs.values().stream().mapToDouble(StageNeeds::seconds).filter(Double::isFinite).sum();
        boolean all = needs.values().stream().allMatch(one -> Double.isFinite(one.seconds()) && one.bytes() >= 0);
        console.out.printf(
                "together %s%s on the disk, which has %s; about %s%s; the machine has %s of memory,"
                        + " of which Java itself takes about %s%n",
                all ? "" : "at least ", MachineMemory.text((long) bytes),
                MachineMemory.text(MachineMemory.usableDiskBytes(out)), RecipeForecast.time(seconds), forecast.basis(),
                MachineMemory.text(MachineMemory.machineBytes()), MachineMemory.text(MachineMemory.JAVA_BYTES));
    }

    /// @param needs of what will run, where they are asked for
    private void print(List<StagePlan> plans, Map<String, StageNeeds> needs, boolean json) {
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode();
            ArrayNode stages = report.putArray("stages");
            for (StagePlan plan : plans) {
                ObjectNode stage = stages.addObject();
                stage.put("name", plan.stage().name()).put("kind", plan.stage().kind());
                stage.put("state", plan.state().name().toLowerCase(Locale.ROOT)).put("key", plan.key());
                plan.changes().forEach(stage.putArray("changes")::add);
                StageNeeds needed = needs.get(plan.stage().name());
                if (needed != null) {
                    needed.addTo(stage.putObject("forecast"));
                }
                if (plan.isDone()) {
                    stage.put("seconds", plan.record().seconds()).put("bytes", plan.record().bytes());
                    stage.set("report", plan.record().report());
                }
            }
            console.out.println(report);
            return;
        }
        int width = plans.stream().mapToInt(plan -> plan.stage().name().length()).max().orElse(0);
        for (StagePlan plan : plans) {
            StageRecord record = plan.record();
            console.out.printf(Locale.ROOT, "%-" + width + "s  %-18s  %s%n", plan.stage().name(), plan.stage().kind(),
                    plan.isDone()
                            ? String.format(Locale.ROOT, "done in %.1f s, %s", record.seconds(),
                                    MachineMemory.text(record.bytes()))
                            : "will run: " + plan.why());
            if (needs.containsKey(plan.stage().name())) {
                console.out.printf("%" + width + "s  %18s  %s%n", "", "", needs.get(plan.stage().name()));
            }
        }
    }
}

package llams.trainer.run;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import llams.model.card.ModelCard;
import llams.model.card.ProgramVersion;
import llams.trainer.data.DataFiles;
import llams.trainer.data.DataSource;
import llams.trainer.data.DataStatistics;
import llams.trainer.data.Sequences;
import llams.trainer.watch.Html;
import llams.trainer.watch.Machine;
import llams.trainer.watch.RunFacts;

/// What the card of a trained model says. It names no times and no paths: the same run writes the same card.
final class RunCard {
    /// What the card says elsewhere, or only this program can use.
    private static final Set<String> NOT_SHOWN = Set.of("base", "data", "documents", "from-adapter", "teacher",
            "weights");

    private RunCard() {}

    /// The files of a run's data, with what tells them from others.
    static Map<String, String> files(DataFiles data) throws IOException {
        Map<String, String> facts = new LinkedHashMap<>();
        for (DataSource source : data.training()) {
            put(facts, source.shortName(), source.file(), data);
        }
        for (DataSource source : data.heldOut()) {
            put(facts, "held out: " + source.shortName(), source.file(), data);
        }
        return facts;
    }

    /// A pipe was read once, and is gone.
    private static void put(Map<String, String> facts, String name, Path file, DataFiles data) throws IOException {
        String contents = Files.isRegularFile(file)
                ? String.format(Locale.ROOT, "%,d bytes, SHA-256 `%s`", Files.size(file), data.hash(file))
                : "not a file";
        facts.merge(name, contents, (one, other) -> one + "; " + other);
    }

    /// @param lowest held-out loss so far
    static ModelCard of(TrainingRun run, RunSettings settings, TrainingRun.Report last, Lowest lowest) {
        boolean isNew = run.model.parents().isEmpty();
        boolean isAdapter = run.settings.lora() != null;
        boolean isPart = run.settings.firstRow() > 0;
        ModelCard.Kind kind = isAdapter
                ? ModelCard.Kind.ADAPTER
                : isNew ? ModelCard.Kind.NEW : ModelCard.Kind.FINE_TUNED;
        String method = isAdapter
                ? "Low-rank matrices beside the base's projections were trained (LoRA); the base itself is unchanged."
                : isPart
                        ? "The rows of the new tokens in embedding and head were trained; all else is the base's."
                        : isNew ? "Every weight was trained, from random values." : "Every weight was trained.";
        if (run.settings.objective() instanceof Distilled) {
            method += " It learned from the probabilities of a larger model, too.";
        }
        List<String> tags = new ArrayList<>();
        if (!isNew) {
            tags.add(settings.values().get("method"));
        }
        return new ModelCard(kind, tags, method, run.model.parents(), Map.of())
                .with("Result", result(last, lowest, run.settings.objective() instanceof NextToken))
                .with("Data", data(run))
                .with("Settings of `llams train`", settings(settings));
    }

    /// What the page about a run says of it.
    static RunFacts facts(TrainingRun run, RunSettings settings) {
        TrainingRun.Plan plan = run.plan();
        Map<String, String> model = new LinkedHashMap<>();
        run.model.parents()
                .forEach(parent -> model.put(parent.role(), parent.repo().isEmpty() ? parent.name() : parent.repo()));
        model.put("parameters", String.format(Locale.ROOT, "%,d", plan.parameters()));
        model.put("trained",
                String.format(Locale.ROOT, "%,d (%.3g%%)", plan.trained(), 100.0 * plan.trained() / plan.parameters()));
        Map<String, String> machine = new LinkedHashMap<>();
        machine.put("processor", Machine.processor());
        machine.put("device", run.device.name() + ": " + run.device.description());
        machine.put("memory", Html.bytes(Forecast.machineBytes()));
        machine.put("memory forecast",
                Html.bytes(plan.memory().weights()) + " weights, " + Html.bytes(plan.memory().state()) + " state, "
                        + Html.bytes(plan.memory().temporaries()) + " temporary, and the program itself");
        machine.put("system", Machine.system());
        machine.put("Java", Machine.java());
        Map<String, Map<String, String>> sections = new LinkedHashMap<>();
        sections.put("Settings", settings(settings));
        sections.put("Data", data(run));
        sections.put("Model", model);
        sections.put("Machine", machine);
        String what = run.settings.lora() != null
                ? "A LoRA adapter"
                : run.settings.firstRow() > 0
                        ? "The rows of new tokens"
                        : run.model.parents().isEmpty() ? "A new model" : "Every weight";
        Objective objective = run.settings.objective();
        String about = String.format(Locale.ROOT, "%s%s%s; %,d steps of up to %,d tokens", what,
                run.model.parents().isEmpty() ? "" : " of " + model.values().iterator().next(), by(objective),
                plan.steps(),
                (long) run.settings.accumulate() * objective.mostTokens(run.settings.tokens(), run.settings.batch()));
        return new RunFacts(RunFacts.RUNNING, about, ProgramVersion.of(RunCard.class), sections);
    }

    private static String by(Objective objective) {
        return switch (objective) {
            case NextToken() -> "";
            case Distilled _ -> ", which learns from a teacher too";
            case Preferred _ -> ", which learns from pairs of answers";
        };
    }

    private static String number(double value) {
        return String.format(Locale.ROOT, "%.4f", value);
    }

    /// @param isUsual whether the loss is that of the tokens
    private static Map<String, String> result(TrainingRun.Report last, Lowest lowest, boolean isUsual) {
        Map<String, String> facts = new LinkedHashMap<>();
        facts.put("steps", String.format(Locale.ROOT, "%,d", last.steps()));
        facts.put("tokens", String.format(Locale.ROOT, "%,d", last.tokens()));
        facts.put("loss of the last step", number(last.loss()) + (isUsual ? " nats per token" : ""));
        if (!Double.isNaN(last.evalLoss())) {
            facts.put("held-out loss",
                    isUsual
                            ? String.format(Locale.ROOT, "%.4f nats per token, perplexity %.2f", last.evalLoss(),
                                    Math.exp(last.evalLoss()))
                            : number(last.evalLoss()));
            last.measures().forEach((name, value) -> {
                if (name.startsWith("eval")) {
                    facts.put(name, number(value));
                }
            });
        }
        if (lowest.step() > 0 && !lowest.isAfter(last.steps())) {
            facts.put("lowest held-out loss",
                    String.format(Locale.ROOT, "%.4f after %,d steps", lowest.loss(), lowest.step()));
        }
        return facts;
    }

    private static Map<String, String> data(TrainingRun run) {
        Map<String, String> facts = new LinkedHashMap<>(run.dataFiles);
        facts.put("training", counts(run.data));
        if (run.heldOut != null) {
            facts.put("held out", counts(run.heldOut));
        }
        return facts;
    }

    private static String counts(Sequences data) {
        DataStatistics counts = data.statistics();
        return String.format(Locale.ROOT, "%,d documents, %,d tokens; %,d tokens counted in %,d sequences",
                counts.documents(), counts.tokens(), counts.countedTokens(), counts.sequences());
    }

    private static Map<String, String> settings(RunSettings settings) {
        Map<String, String> facts = new LinkedHashMap<>(settings.values());
        facts.keySet().removeIf(name -> name.startsWith(RunSettings.MODEL) || NOT_SHOWN.contains(name));
        return facts;
    }
}

package llams.trainer.recipe;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import llams.trainer.task.Receipt;
import llams.trainer.watch.Html;
import llams.trainer.watch.RunsPage;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A recipe's results as one HTML page that needs no network: the stages, the losses of the trainings, what the models
/// were measured to know, and their answers side by side.
final class RecipeReport {
    private static final String LOG = "train.jsonl";

    private final Recipe recipe;
    private final List<StagePlan> stages;
    private final RecipeDirectory directory;
    private final Html html;

    private RecipeReport(Recipe recipe, List<StagePlan> stages, RecipeDirectory directory) {
        this.recipe = recipe;
        this.stages = stages;
        this.directory = directory;
        this.html = new Html(recipe.name());
    }

    static String html(Recipe recipe, List<StagePlan> stages, RecipeDirectory directory) throws IOException {
        return new RecipeReport(recipe, stages, directory).page();
    }

    private String page() throws IOException {
        html.add("<h1>%s</h1>\n<p>%s</p>\n", Html.text(recipe.name()), Html.text(recipe.about()));
        Map<String, JsonNode> summaries = reports("eval summary");
        figures("Held-out loss", "nats per token; less is better", summaries, "losses", RecipeReport::number);
        figures("Exactly right", "answers and continuations, to the letter", summaries, "exact",
                score -> "%d of %d".formatted(score.path("right").asInt(), score.path("asked").asInt()));
        answers(summaries);
        figures("Wrong language", "share of answers with words, by the language asked in and asked for", languages(),
                "", RecipeReport::percent);
        figures("Perplexity", "", reports("eval perplexity"), "", RecipeReport::number);
        figures("Multiple choice", "", reports("eval choice"), "", RecipeReport::number);
        figures("Scales of the chat vector", "held-out loss with a single scale, and with learned ones; less is better",
                reports("merge learn"), "losses", RecipeReport::number);
        figures("More tokens", "how many a text takes", tokens(), "", RecipeReport::number);
        figures("Benchmarks", "share of right answers", benchmarks(), "", RecipeReport::percent);
        figures("Win rate", "against the other model, by likelihood", reports("eval winrate"), "",
                RecipeReport::number);
        losses();
        stageTable();
        details();
        return html.end();
    }

    /// The figures of all finished stages of a kind, by the names of the models; where one is measured again, by the
    /// stage's.
    private Map<String, JsonNode> reports(String kind) {
        Map<String, JsonNode> reports = new LinkedHashMap<>();
        for (StagePlan stage : stages) {
            if (stage.isDone() && stage.stage().kind().equals(kind)) {
                String model = model(stage.stage());
                reports.put(reports.containsKey(model) ? stage.stage().name() : model, stage.record().report());
            }
        }
        return reports;
    }

    /// What a measurement measures: the stage that made the model. Otherwise the stage itself.
    private static String model(Stage stage) {
        Stage.Setting model = stage.kind().startsWith("eval ") ? stage.settings().get("model") : null;
        return model != null && model.values().getFirst() instanceof Stage.Output made ? made.stage() : stage.name();
    }

    /// What extended vocabularies make of text, and what the ones before made of it.
    private Map<String, JsonNode> tokens() {
        Map<String, JsonNode> densities = new LinkedHashMap<>();
        reports("extend").forEach((stage, report) -> {
            densities.put(stage + ", before", density(report.path("textBefore")));
            densities.put(stage, density(report.path("text")).set("new tokens", report.path("tokens")));
        });
        return densities;
    }

    private static ObjectNode density(JsonNode text) {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        row.set("tokens per character", text.path("tokensPerCharacter"));
        if (text.has("tokensPerHangul")) {
            row.set("per Korean letter", text.path("tokensPerHangul"));
        }
        return row;
    }

    private Map<String, JsonNode> languages() {
        Map<String, JsonNode> shares = new LinkedHashMap<>();
        reports("eval language").forEach((model, report) -> {
            ObjectNode row = ((ObjectNode) report).objectNode();
            for (JsonNode direction : report.path("directions")) {
                boolean isAnswered = direction.path("answers").asInt() > 0;
                row.put(direction.path("direction").asString(),
                        isAnswered ? direction.path("share").asDouble() : Double.NaN);
            }
            shares.put(model, row);
        });
        return shares;
    }

    /// The shares of tasks, over all their questions.
    private Map<String, JsonNode> benchmarks() {
        Map<String, JsonNode> shares = new LinkedHashMap<>();
        reports("eval task").forEach((model, report) -> {
            ObjectNode row = ((ObjectNode) report).objectNode();
            report.path("tasks").properties().forEach(task -> {
                JsonNode all = task.getValue().path("all");
                all.properties()
                        .stream()
                        .filter(figure -> Receipt.isScore(all, figure.getKey()))
                        .forEach(figure -> row.set(task.getKey() + " " + figure.getKey(), figure.getValue()));
            });
            shares.put(model, row);
        });
        return shares;
    }

    private interface Cell {
        String text(JsonNode figure);
    }

    /// A table with a row for each model, if there is any.
    ///
    /// @param part of each report; empty for its numbers
    private void figures(String title, String note, Map<String, JsonNode> reports, String part, Cell cell) {
        Set<String> columns = new LinkedHashSet<>();
        reports.values()
                .forEach(report -> (part.isEmpty() ? report : report.path(part)).properties().forEach(figure -> {
                    if (!part.isEmpty() || figure.getValue().isNumber()) {
                        columns.add(figure.getKey());
                    }
                }));
        if (columns.isEmpty()) {
            return;
        }
        html.add("<h2>%s</h2>\n%s<div class=\"wide\"><table><tr><th></th>", title,
                note.isEmpty() ? "" : "<p>" + note + "</p>\n");
        columns.forEach(column -> html.add("<th>%s</th>", Html.text(column)));
        html.add("</tr>\n");
        reports.forEach((model, report) -> {
            html.add("<tr><th>%s</th>", Html.text(model));
            for (String column : columns) {
                JsonNode figure = (part.isEmpty() ? report : report.path(part)).path(column);
                html.add("<td>%s</td>", figure.isMissingNode() ? "" : Html.text(cell.text(figure)));
            }
            html.add("</tr>\n");
        });
        html.add("</table></div>\n");
    }

    private void answers(Map<String, JsonNode> summaries) {
        Set<String> questions = new LinkedHashSet<>();
        summaries.values().forEach(report -> questions.addAll(report.path("answers").propertyNames()));
        if (questions.isEmpty()) {
            return;
        }
        html.add("<h2>Answers</h2>\n");
        for (String question : questions) {
            html.add("<h3>%s</h3>\n<div class=\"cards\">\n", Html.text(question));
            summaries.forEach((model, report) -> html.add("<div class=\"card\"><b>%s</b>%s</div>\n", Html.text(model),
                    Html.text(report.path("answers").path(question).asString("").strip())));
            html.add("</div>\n");
        }
    }

    private void losses() throws IOException {
        Map<String, Path> logs = new LinkedHashMap<>();
        for (StagePlan stage : stages) {
            if (Files.exists(log(stage))) {
                logs.put(stage.stage().name(), log(stage));
            }
        }
        if (!logs.isEmpty()) {
            html.add("<h2>Training</h2>\n<p>Loss in nats per token: <span class=\"training\">training</span>,"
                    + " <span class=\"heldout\">held out</span></p>\n");
            RunsPage.losses(html, logs);
        }
    }

    private Path log(StagePlan stage) {
        return directory.stage(stage.stage().name()).resolve(LOG);
    }

    private void stageTable() {
        html.add(
                "<h2>Stages</h2>\n<div class=\"wide\"><table><tr><th></th><th class=\"text\">kind</th><th>time</th><th>size</th></tr>\n");
        double seconds = 0;
        for (StagePlan stage : stages) {
            boolean done = stage.isDone();
            seconds += done ? stage.record().seconds() : 0;
            html.add("<tr><th>%s</th><td class=\"text\">%s</td><td>%s</td><td>%s</td></tr>\n",
                    Html.text(stage.stage().name()), Html.text(stage.stage().kind()),
                    done ? Html.time(stage.record().seconds()) : Html.text(stage.why()),
                    done ? "%,.1f MB".formatted(stage.record().bytes() / 1e6) : "");
        }
        html.add("<tr><th>together</th><td></td><td>%s</td><td></td></tr></table></div>\n", Html.time(seconds));
    }

    private void details() {
        html.add("<h2>Settings</h2>\n");
        for (StagePlan stage : stages) {
            html.add("<details><summary>%s</summary><table>\n", Html.text(stage.stage().name()));
            stage.settings()
                    .forEach((name, values) -> html.add("<tr><th>%s</th><td class=\"text\">%s</td></tr>\n",
                            Html.text(name),
                            Html.text(String.join(", ", values).replaceAll(" ([0-9a-f]{8})[0-9a-f]{56}", " ($1)"))));
            html.add("<tr><th>key</th><td class=\"text\">%s</td></tr></table></details>\n",
                    stage.key().substring(0, 16));
        }
        String version = stages.stream()
                .filter(StagePlan::isDone)
                .map(stage -> stage.record().version())
                .findFirst()
                .orElse("");
        html.add("<footer>LLaMS %s</footer>\n", Html.text(version));
    }

    private static String number(JsonNode figure) {
        return figure.isIntegralNumber()
                ? String.format(Locale.ROOT, "%,d", figure.asLong())
                : String.format(Locale.ROOT, "%.4g", figure.asDouble());
    }

    private static String percent(JsonNode share) {
        return Double.isNaN(share.asDouble())
                ? "no answer"
                : String.format(Locale.ROOT, "%.1f%%", 100 * share.asDouble());
    }
}

package llams.trainer.watch;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Date;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/// One run as a page, or several laid over each other: the figures that matter, curves, what the models wrote, and what
/// the runs were asked to do.
public final class RunsPage {
    private static final String SECONDS = "elapsedSeconds";
    private static final String MEMORY = "memoryBytes";
    private static final String ACCURACY = "evalRewardAccuracy";

    /// @param name what tells it from the others on the page
    record Run(String name, RunFacts facts, RunHistory history) {}

    private RunsPage() {}

    /// The page about the runs in these directories.
    ///
    /// @throws IOException if one has no `train.jsonl`
    public static String of(List<Path> directories) throws IOException {
        List<Run> runs = new ArrayList<>();
        List<String> names = names(directories);
        for (Path directory : directories) {
            runs.add(new Run(names.get(runs.size()), RunFacts.read(directory),
                    RunHistory.read(directory.resolve("train.jsonl"))));
        }
        return html(runs);
    }

    /// The last parts of the paths, as many as it takes to tell them apart.
    static List<String> names(List<Path> directories) {
        List<Path> full = directories.stream().map(path -> path.toAbsolutePath().normalize()).toList();
        for (int parts = 1;; parts++) {
            List<String> names = new ArrayList<>();
            boolean isWhole = true;
            for (Path path : full) {
                int count = path.getNameCount();
                isWhole &= parts >= count;
                names.add(count == 0 ? path.toString() : path.subpath(Math.max(0, count - parts), count).toString());
            }
            if (isWhole || Set.copyOf(names).size() == names.size()) {
                return names;
            }
        }
    }

    static String html(List<Run> runs) {
        Html html = new Html(String.join(", ", runs.stream().map(Run::name).toList()));
        if (runs.size() == 1) {
            one(html, runs.getFirst());
        } else {
            several(html, runs);
        }
        charts(html, runs, runs.stream().anyMatch(run -> run.facts.isRunning()) ? " data-running" : "");
        samples(html, runs);
        facts(html, runs);
        String version = runs.getLast().facts.version();
        html.add("<footer>LLaMS %s, written %tF %<tR</footer>\n", Html.text(version), new Date());
        return html.end();
    }

    private static void one(Html html, Run run) {
        RunHistory history = run.history;
        html.add("<header><h1>%s</h1><span class=\"state%s\" data-written=\"%d\">%s</span></header>\n<p>%s</p>\n",
                Html.text(run.name), run.facts.isRunning() ? " running" : "", System.currentTimeMillis(),
                Html.text(run.facts.state()), Html.text(run.facts.about()));
        html.add("<progress max=\"%d\" value=\"%d\" aria-label=\"steps\"></progress>\n<div class=\"tiles\">\n",
                Math.max(1, history.steps()), history.stepsDone());
        summary(run).forEach((name, figure) -> html.add("<div class=\"tile\"><b>%s</b><span>%s</span>%s</div>\n", name,
                Html.text(figure.value), figure.note.isEmpty() ? "" : "<i>" + Html.text(figure.note) + "</i>"));
        html.add("</div>\n");
    }

    /// @param note what the value means; may be empty
    private record Figure(String value, String note) {}

    private static Map<String, Figure> summary(Run run) {
        RunHistory history = run.history;
        Map<String, Figure> figures = new LinkedHashMap<>();
        double elapsed = history.last(SECONDS);
        int left = history.steps() - history.stepsDone();
        boolean isRunning = run.facts.isRunning();
        figures.put("step", new Figure(String.format(Locale.ROOT, "%,d", history.stepsDone()),
                String.format(Locale.ROOT, "of %,d", history.steps())));
        figures.put("training loss", new Figure(number(history.smoothedLoss()), "mean of the last 20 steps or so"));
        if (history.lowestStep > 0) {
            String lowest = String.format(Locale.ROOT, "lowest, at step %,d", history.lowestStep);
            figures.put("held-out loss",
                    new Figure(number(history.lowest),
                            history.isUsualLoss()
                                    ? lowest + String.format(Locale.ROOT, "; perplexity %.1f", Math.exp(history.lowest))
                                    : lowest));
        }
        if (history.curves.containsKey(ACCURACY)) {
            double[] measured = history.curves.get(ACCURACY).values();
            figures.put("held-out accuracy",
                    new Figure(String.format(Locale.ROOT, "%.1f%%", 100 * measured[measured.length - 1]),
                            String.format(Locale.ROOT, "at first %.1f%%", 100 * measured[0])));
        }
        figures.put("speed", new Figure(rate(history.last("tokensPerSecond")), "tokens per second"));
        figures.put("time",
                new Figure(Double.isNaN(elapsed) ? "" : Html.time(elapsed),
                        isRunning && history.stepsDone() > 0 && left > 0
                                ? "about " + Html.time(elapsed / history.stepsDone() * left) + " left"
                                : ""));
        if (history.last(MEMORY) > 0) {
            figures.put("memory", new Figure(Html.bytes(history.last(MEMORY)), "of this process"));
        }
        return figures;
    }

    private static void several(Html html, List<Run> runs) {
        html.add("<h1>%d runs</h1>\n", runs.size());
        Set<String> columns = new LinkedHashSet<>();
        runs.forEach(run -> columns.addAll(summary(run).keySet()));
        html.add("<div class=\"wide\"><table><tr><th></th><th class=\"text\">state</th>");
        columns.forEach(column -> html.add("<th>%s</th>", column));
        html.add("</tr>\n");
        for (int i = 0; i < runs.size(); i++) {
            Run run = runs.get(i);
            html.add("<tr><th><span class=\"key\" data-run=\"%d\"></span>%s</th><td class=\"text\">%s</td>", i,
                    Html.text(run.name), Html.text(run.facts.state()));
            Map<String, Figure> figures = summary(run);
            columns.forEach(column -> {
                Figure figure = figures.getOrDefault(column, new Figure("", ""));
                String note = column.equals("step") || column.startsWith("held") ? figure.note : "";
                html.add("<td>%s%s</td>", Html.text(figure.value),
                        note.isEmpty()
                                ? ""
                                : " <small>" + Html.text(note.replaceFirst("lowest, ", "").replaceFirst(";.*", ""))
                                        + "</small>");
            });
            html.add("</tr>\n");
        }
        html.add("</table></div>\n");
    }

    /// A chart of the losses of each of these runs, for a page about more than that.
    ///
    /// @param logs their `train.jsonl` by name
    public static void losses(Html html, Map<String, Path> logs) throws IOException {
        List<Run> runs = new ArrayList<>();
        for (Map.Entry<String, Path> log : logs.entrySet()) {
            runs.add(new Run(log.getKey(), RunFacts.NONE, RunHistory.read(log.getValue())));
        }
        charts(html, runs, " data-each");
    }

    /// Charts that the page's script draws.
    private static void charts(Html html, List<Run> runs, String mode) {
        ArrayNode all = JsonMapper.shared().createArrayNode();
        for (Run run : runs) {
            ObjectNode json = all.addObject().put("name", run.name);
            ObjectNode curves = json.putObject("curves");
            run.history.curves.forEach((name, curve) -> {
                ObjectNode points = curves.putObject(name);
                for (double step : curve.steps()) {
                    points.withArrayProperty("x").add(step);
                }
                for (double value : curve.values()) {
                    points.withArrayProperty("y").add(Double.isFinite(value) ? Double.valueOf(value) : null);
                }
            });
        }
        html.add("<noscript><p>The curves need JavaScript; all else is here without it.</p></noscript>\n"
                + "<div id=\"charts\"%s></div>\n", mode);
        html.script(all.toString());
    }

    private static void samples(Html html, List<Run> runs) {
        Set<String> prompts = new LinkedHashSet<>();
        runs.forEach(run -> run.history.samples.forEach(written -> prompts.addAll(written.texts().keySet())));
        if (prompts.isEmpty()) {
            return;
        }
        html.add("<h2>What the model writes</h2>\n<p>%s</p>\n",
                runs.size() == 1
                        ? "For the same prompt after so many steps, the newest first."
                        : "At the end of each run.");
        for (String prompt : prompts) {
            html.add("<h3>%s</h3>\n<div class=\"row\" tabindex=\"0\">\n", Html.text(prompt));
            for (Run run : runs) {
                List<RunHistory.Written> written = run.history.samples.reversed();
                for (RunHistory.Written sample : runs.size() == 1 || written.isEmpty()
                        ? written
                        : List.of(written.getFirst())) {
                    String text = sample.texts().getOrDefault(prompt, "");
                    String step = String.format(Locale.ROOT, "step %,d", sample.step());
                    html.add("<div class=\"card\"><b>%s</b>%s</div>\n",
                            Html.text(runs.size() == 1 ? step : run.name + ", " + step), Html.text(text));
                }
            }
            html.add("</div>\n");
        }
    }

    private static void facts(Html html, List<Run> runs) {
        Map<String, Set<String>> sections = new LinkedHashMap<>();
        runs.forEach(run -> run.facts.sections()
                .forEach((section, facts) -> sections.computeIfAbsent(section, _ -> new LinkedHashSet<>())
                        .addAll(facts.keySet())));
        if (runs.size() > 1) {
            differences(html, runs, sections);
        }
        html.add("<div class=\"facts\">\n");
        sections.forEach((section, names) -> {
            html.add("<details%s><summary>%s</summary><div class=\"wide\"><table>\n", runs.size() == 1 ? " open" : "",
                    Html.text(section));
            heads(html, runs);
            names.forEach(name -> row(html, runs, section, name));
            html.add("</table></div></details>\n");
        });
        html.add("</div>\n");
    }

    private static void differences(Html html, List<Run> runs, Map<String, Set<String>> sections) {
        List<Runnable> rows = new ArrayList<>();
        sections.forEach((section, names) -> names.forEach(name -> {
            Set<String> values = new TreeSet<>();
            runs.forEach(run -> values.add(fact(run, section, name)));
            if (values.size() > 1) {
                rows.add(() -> row(html, runs, section, name));
            }
        }));
        if (!rows.isEmpty()) {
            html.add("<h2>Where they differ</h2>\n<div class=\"wide differ\"><table>\n");
            heads(html, runs);
            rows.forEach(Runnable::run);
            html.add("</table></div>\n<h2>All of it</h2>\n");
        }
    }

    private static void heads(Html html, List<Run> runs) {
        if (runs.size() > 1) {
            html.add("<tr><th></th>");
            runs.forEach(run -> html.add("<th class=\"text\">%s</th>", Html.text(run.name)));
            html.add("</tr>\n");
        }
    }

    private static void row(Html html, List<Run> runs, String section, String name) {
        html.add("<tr><th>%s</th>", Html.text(name));
        runs.forEach(run -> html.add("<td class=\"text\">%s</td>", Html.text(fact(run, section, name))));
        html.add("</tr>\n");
    }

    private static String fact(Run run, String section, String name) {
        String value = run.facts.sections().getOrDefault(section, Map.of()).getOrDefault(name, "");
        // The beginning of a checksum tells two files apart.
        return value.replaceAll("`?\\b([0-9a-f]{12})[0-9a-f]{52}`?", "$1…");
    }

    private static String number(double value) {
        return Double.isNaN(value) ? "" : String.format(Locale.ROOT, "%.4f", value);
    }

    private static String rate(double tokensPerSecond) {
        return Double.isNaN(tokensPerSecond) ? "" : String.format(Locale.ROOT, "%,.0f", tokensPerSecond);
    }
}

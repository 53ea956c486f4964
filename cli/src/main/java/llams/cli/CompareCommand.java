package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.trainer.task.Comparison;
import llams.trainer.task.TaskScores.Score;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams eval compare`
@Command(
        name = "compare",
        description = {"Compare what 'llams eval task --receipt' measured.",
                "Only scores of the same questions, with the same prompts and examples, stand in one row; a note says"
                        + " what differs between others."},
        footer = {"", "Example:", "  llams eval compare base.json tuned.json"})
final class CompareCommand implements Callable<Integer> {
    @ParentCommand
    EvalCommand eval;

    @Parameters(paramLabel = "RECEIPT", arity = "1..*", description = "Receipts, one column each.")
    List<Path> receipts;

    @Option(names = "--subjects", description = "Show each subject, not only the means.")
    boolean subjects;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        Comparison comparison = Comparison.of(receipts, subjects);
        if (json) {
            eval.console.out.println(report(comparison));
        } else {
            print(comparison);
        }
        comparison.differences().forEach(eval.console::note);
        return Console.DONE;
    }

    private void print(Comparison comparison) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(new ArrayList<>(List.of("")));
        lines.getFirst().addAll(comparison.models());
        for (Comparison.Row row : comparison.rows()) {
            List<String> line = new ArrayList<>();
            line.add(row.task() + " " + row.metric() + (row.part().equals("all") ? "" : ", " + row.part()));
            row.scores().forEach(score -> line.add(cell(score)));
            lines.add(line);
        }
        for (List<String> line : lines) {
            StringBuilder text = new StringBuilder();
            for (int c = 0; c < line.size(); c++) {
                int column = c;
                int width = lines.stream().mapToInt(one -> one.get(column).length()).max().orElse(1);
                text.append(String.format(Locale.ROOT, c == 0 ? "%-" + width + "s" : "  %" + width + "s", line.get(c)));
            }
            eval.console.out.println(text.toString().stripTrailing());
        }
    }

    private static String cell(Score score) {
        return score == null ? "" : TaskCommand.text(score);
    }

    private static ObjectNode report(Comparison comparison) {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        comparison.models().forEach(report.putArray("models")::add);
        ArrayNode rows = report.putArray("rows");
        for (Comparison.Row row : comparison.rows()) {
            ArrayNode scores = rows.addObject()
                    .put("task", row.task())
                    .put("part", row.part())
                    .put("metric", row.metric())
                    .putArray("scores");
            row.scores().forEach(score -> {
                if (score == null) {
                    scores.addNull();
                } else {
                    ObjectNode figures = scores.addObject().put("share", score.share());
                    if (Double.isFinite(score.error())) {
                        figures.put("error", score.error());
                    }
                }
            });
        }
        comparison.differences().forEach(report.putArray("differences")::add);
        return report;
    }
}

package llams.trainer.task;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.model.files.ModelFiles;
import llams.model.files.Sha256;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What was measured, and under which conditions, so that two results can be compared.
public final class Receipt {
    /// Of a measurement.
    ///
    /// @param model   the model's directory
    /// @param adapter null for none
    /// @param weights how they were read
    /// @param program its version
    /// @param data    where data lies that tasks do not name
    /// @param limit   the most questions of a subject; 0 for all
    public record Conditions(Path model, Path adapter, String weights, String program, Path data, int limit) {}

    static final String KIND = "llams evaluation";
    static final String ERROR = "_stderr";

    private Receipt() {}

    /// The scores alone.
    public static ObjectNode scores(Map<Task, TaskAnswers> tasks) {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        ObjectNode named = report.putObject("tasks");
        tasks.forEach((task, answers) -> named.set(task.name(), scores(answers.scores())));
        return report;
    }

    /// @throws IOException if a file of the model cannot be read
    public static ObjectNode of(Conditions conditions, Map<Task, TaskAnswers> tasks) throws IOException {
        ObjectNode receipt = JsonNodeFactory.instance.objectNode();
        receipt.put("kind", KIND).put("program", conditions.program);
        ObjectNode model = receipt.putObject("model");
        model.put("name", conditions.model.toAbsolutePath().normalize().getFileName().toString())
                .put("sha256", hash(conditions.model, Receipt::isModel))
                .put("tokenizer", hash(conditions.model, Receipt::isTokenizer))
                .put("weights", conditions.weights);
        if (conditions.adapter != null) {
            model.put("adapterName", conditions.adapter.toAbsolutePath().normalize().getFileName().toString())
                    .put("adapter", hash(conditions.adapter, name -> name.startsWith("adapter_")));
        }
        ObjectNode named = receipt.putObject("tasks");
        for (Map.Entry<Task, TaskAnswers> entry : tasks.entrySet()) {
            Task task = entry.getKey();
            Task.Shots shots = task.shots();
            ObjectNode json = named.putObject(task.name());
            json.put("data", Sha256.ofFile(task.data(conditions.data)));
            if (shots.count() > 0) {
                json.put("shotsData", Sha256.ofFile(task.shotsData(conditions.data)));
            }
            json.put("form", Sha256.ofText(task.form().text()))
                    .put("shots", shots.count())
                    .put("chat", task.chat())
                    .put("limit", conditions.limit);
            json.setAll(scores(entry.getValue().scores()));
        }
        return receipt;
    }

    private static ObjectNode scores(TaskScores scores) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.set("all", part(scores.all()));
        if (scores.subjects().size() > 1) {
            json.set("macro", part(scores.macro()));
            ObjectNode subjects = json.putObject("subjects");
            scores.subjects().forEach(subject -> subjects.set(subject.name(), part(subject)));
        }
        return json;
    }

    /// Whether a figure of some questions is the score of a metric.
    public static boolean isScore(JsonNode part, String name) {
        return part.has(name + ERROR) || name.equals(TaskScores.F1);
    }

    private static ObjectNode part(TaskScores.Part part) {
        ObjectNode json = JsonNodeFactory.instance.objectNode().put("questions", part.questions());
        part.metrics().forEach((metric, score) -> {
            json.put(metric, score.share());
            if (Double.isFinite(score.error())) {
                json.put(metric + ERROR, score.error());
            }
        });
        if (part.chance() > 0) {
            json.put("chance", part.chance());
        }
        return json;
    }

    private interface Chosen {
        boolean is(String name);
    }

    private static boolean isModel(String name) {
        return name.equals("config.json") || name.endsWith(".safetensors");
    }

    private static boolean isTokenizer(String name) {
        return ModelFiles.TOKENIZER.contains(name) || ModelFiles.CHAT.contains(name);
    }

    /// Of the contents and names of a directory's files.
    private static String hash(Path directory, Chosen chosen) throws IOException {
        List<Path> files;
        try (Stream<Path> tree = Files.walk(directory, 2)) {
            files = tree.filter(Files::isRegularFile)
                    .filter(file -> chosen.is(name(directory, file)))
                    .sorted()
                    .toList();
        }
        StringBuilder lines = new StringBuilder();
        for (Path file : files) {
            lines.append(Sha256.ofFile(file)).append(' ').append(name(directory, file)).append('\n');
        }
        return Sha256.ofText(lines.toString());
    }

    private static String name(Path directory, Path file) {
        return directory.relativize(file).toString().replace('\\', '/');
    }
}

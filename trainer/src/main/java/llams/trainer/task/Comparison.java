package llams.trainer.task;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.io.Json;
import llams.model.files.DataException;
import llams.trainer.task.TaskScores.Score;
import tools.jackson.databind.JsonNode;

/// Receipts side by side. Only scores of the same questions, put in the same way, stand in one row.
///
/// @param models      by their receipts
/// @param differences why scores of one task stand in several rows, one line each
public record Comparison(List<String> models, List<Row> rows, List<String> differences) {
    /// @param part   of the task's questions: `all`, `macro` or a subject
    /// @param scores of each model, null where there is none
    public record Row(String task, String part, String metric, List<Score> scores) {}

    private record Reading(String name, JsonNode json) {}

    /// What must be the same for two scores to be compared, and how messages call it.
    private static final Map<String, String> CONDITIONS = new LinkedHashMap<>();

    static {
        CONDITIONS.put("data", "the questions");
        CONDITIONS.put("form", "the prompt form");
        CONDITIONS.put("shots", "the number of examples");
        CONDITIONS.put("shotsData", "the examples");
        CONDITIONS.put("chat", "the chat format");
        CONDITIONS.put("limit", "the limit of questions");
    }

    /// @param subjects whether each subject has a row
    /// @throws DataException if a file is not a receipt
    public static Comparison of(List<Path> files, boolean subjects) throws IOException {
        List<Reading> receipts = new ArrayList<>();
        for (Path file : files) {
            receipts.add(read(file, receipts));
        }
        Set<String> tasks = new LinkedHashSet<>();
        receipts.forEach(receipt -> tasks.addAll(receipt.json.path("tasks").propertyNames()));
        List<Row> rows = new ArrayList<>();
        List<String> differences = new ArrayList<>();
        for (String task : tasks) {
            Map<String, List<Reading>> alike = new LinkedHashMap<>();
            receipts.stream()
                    .filter(receipt -> receipt.json.path("tasks").has(task))
                    .forEach(receipt -> alike.computeIfAbsent(conditions(receipt, task), _ -> new ArrayList<>())
                            .add(receipt));
            List<List<Reading>> groups = List.copyOf(alike.values());
            for (int g = 0; g < groups.size(); g++) {
                addRows(g == 0 ? task : task + " (" + (g + 1) + ")", task, groups.get(g), receipts, subjects, rows);
                if (g > 0) {
                    differences.add(difference(task, groups.getFirst().getFirst(), groups.get(g).getFirst()));
                }
            }
        }
        return new Comparison(receipts.stream().map(Reading::name).toList(), rows, differences);
    }

    private static Reading read(Path file, List<Reading> before) throws IOException {
        JsonNode json = Json.readObject(file);
        if (!json.path("kind").asString("").equals(Receipt.KIND) || !json.path("tasks").isObject()) {
            throw new DataException(file + ": not a receipt; wanted a file that 'eval task' wrote with `receipt`");
        }
        JsonNode model = json.path("model");
        String name = model.path("name").asString("?")
                + (model.has("adapterName") ? "+" + model.get("adapterName").asString() : "");
        boolean taken = before.stream().anyMatch(other -> other.name.equals(name));
        return new Reading(taken ? file.getFileName().toString() : name, json);
    }

    private static String conditions(Reading receipt, String task) {
        StringBuilder all = new StringBuilder();
        CONDITIONS.keySet().forEach(key -> all.append(receipt.json.path("tasks").path(task).path(key)).append('\n'));
        return all.toString();
    }

    private static String difference(String task, Reading first, Reading other) {
        JsonNode a = first.json.path("tasks").path(task);
        JsonNode b = other.json.path("tasks").path(task);
        List<String> differ = new ArrayList<>();
        CONDITIONS.forEach((key, what) -> {
            if (!a.path(key).equals(b.path(key))) {
                differ.add(a.path(key).isString() || b.path(key).isString()
                        ? what
                        : what + " (" + a.path(key) + ", " + b.path(key) + ")");
            }
        });
        return task + " of " + first.name + " and " + other.name + " cannot be compared: " + String.join(", ", differ)
                + (differ.size() == 1 ? " differs" : " differ");
    }

    private static void addRows(String name, String task, List<Reading> group, List<Reading> all, boolean subjects,
            List<Row> rows) {
        JsonNode first = group.getFirst().json.path("tasks").path(task);
        List<String> parts = new ArrayList<>(List.of("all"));
        if (first.has("macro")) {
            parts.add("macro");
        }
        if (subjects) {
            parts.addAll(first.path("subjects").propertyNames());
        }
        for (String part : parts) {
            for (String metric : part(first, part).propertyNames()) {
                if (Receipt.isScore(part(first, part), metric)) {
                    rows.add(new Row(name, part, metric,
                            all.stream()
                                    .map(one -> group.contains(one)
                                            ? score(part(one.json.path("tasks").path(task), part), metric)
                                            : null)
                                    .toList()));
                }
            }
        }
    }

    private static JsonNode part(JsonNode task, String part) {
        return part.equals("all") || part.equals("macro") ? task.path(part) : task.path("subjects").path(part);
    }

    private static Score score(JsonNode part, String metric) {
        return part.has(metric)
                ? new Score(part.get(metric).asDouble(), part.path(metric + Receipt.ERROR).asDouble(Double.NaN))
                : null;
    }
}

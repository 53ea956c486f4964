package llams.trainer.recipe;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What is known of a stage that has begun.
///
/// @param key      of its inputs, settings and program
/// @param settings as texts, with a hash behind what is a file
/// @param version  of the program
/// @param finished false while it runs, and after an interruption
/// @param seconds  that the run took which finished it
/// @param bytes    of what it made
/// @param report   its figures; empty if it has none
public record StageRecord(String stage, String key, SortedMap<String, List<String>> settings, String version,
        boolean finished, double seconds, long bytes, ObjectNode report) {
    /// Of a stage that begins.
    static StageRecord begun(String stage, String key, SortedMap<String, List<String>> settings, String version) {
        return new StageRecord(stage, key, settings, version, false, 0, 0, JsonNodeFactory.instance.objectNode());
    }

    StageRecord finished(double took, long made, ObjectNode figures) {
        return new StageRecord(stage, key, settings, version, true, took, made, figures);
    }

    ObjectNode toJson() {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("stage", stage).put("key", key).put("version", version).put("finished", finished);
        json.put("seconds", seconds).put("bytes", bytes);
        ObjectNode named = json.putObject("settings");
        settings.forEach((name, values) -> values.forEach(named.withArray(name)::add));
        json.set("report", report);
        return json;
    }

    /// Null if it is not a record of this form.
    static StageRecord of(ObjectNode json) {
        SortedMap<String, List<String>> settings = new TreeMap<>();
        for (Map.Entry<String, JsonNode> entry : json.path("settings").properties()) {
            List<String> values = new ArrayList<>();
            entry.getValue().forEach(value -> values.add(value.asString("")));
            settings.put(entry.getKey(), values);
        }
        return json.path("report") instanceof ObjectNode report
                ? new StageRecord(json.path("stage").asString(""), json.path("key").asString(""), settings,
                        json.path("version").asString(""), json.path("finished").asBoolean(false),
                        json.path("seconds").asDouble(0), json.path("bytes").asLong(0), report)
                : null;
    }

    /// What differs between these settings and those of a new run, such as `scale 1.0 -> 0.8`; empty if nothing does.
    List<String> changes(SortedMap<String, List<String>> now, String nowVersion) {
        List<String> changes = new ArrayList<>();
        now.forEach((name, values) -> {
            List<String> before = settings.getOrDefault(name, List.of());
            if (!before.equals(values)) {
                changes.add(before.isEmpty() || values.isEmpty() || before.size() > 1 || values.size() > 1
                        || isFile(before.getFirst())
                                ? name
                                : name + " " + before.getFirst() + " -> " + values.getFirst());
            }
        });
        settings.keySet().stream().filter(name -> !now.containsKey(name)).forEach(changes::add);
        if (!version.equals(nowVersion)) {
            changes.add("program " + version + " -> " + nowVersion);
        }
        return changes;
    }

    private static boolean isFile(String text) {
        return text.matches(".* [0-9a-f]{64}");
    }
}

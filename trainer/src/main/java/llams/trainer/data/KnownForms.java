package llams.trainer.data;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Explains a row in no known form by the form that is closest to it.
final class KnownForms {
    record Form(List<String> keys, String example) {}

    static final List<Form> FORMS = List.of(new Form(List.of("text"), "{\"text\": \"Seoul is the capital of Korea.\"}"),
            new Form(List.of("messages"),
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\","
                            + " \"content\": \"Hello!\"}]}"),
            new Form(List.of("conversations"),
                    "{\"conversations\": [{\"from\": \"human\", \"value\": \"Hi\"}, {\"from\": \"gpt\", \"value\":"
                            + " \"Hello!\"}]}"),
            new Form(List.of("instruction", "output"),
                    "{\"instruction\": \"Add 2 and 2.\", \"input\": \"\", \"output\": \"4\"}"),
            new Form(List.of("prompt", "response"), "{\"prompt\": \"What is 2 + 2?\", \"response\": \"4\"}"),
            new Form(List.of("question", "answer"), "{\"question\": \"What is 2 + 2?\", \"answer\": \"4\"}"),
            new Form(LanguagePair.KEYS, "{\"q_ko\": \"안녕?\", \"a_ko\": \"안녕!\", \"q_en\": \"Hi?\", \"a_en\": \"Hi!\"}"),
            new Form(List.of("ids"), "{\"ids\": [128000, 9906, 128001]}"));

    /// Above this distance there is no telling what was meant.
    private static final double FAR = 0.5;
    private static final int KEYS_SHOWN = 20;

    private KnownForms() {}

    /// The message for a row that no reader takes.
    static String unknown(Row row) {
        if (row.has("chosen") && row.has("rejected")) {
            String chosen = row.object().get("chosen").isArray()
                    ? "{messages: .chosen}"
                    : row.has("prompt") ? "{prompt, response: .chosen}" : "{text: .chosen}";
            return row.place
                    + ": preference data (\"chosen\" and \"rejected\") is for training on pairs, such as `method dpo`; to train on what"
                    + " was chosen: jq -c '" + chosen + "'";
        }
        Form nearest = FORMS.getFirst();
        double smallest = Double.MAX_VALUE;
        for (Form form : FORMS) {
            double distance = distance(row.object(), form);
            if (distance < smallest) {
                smallest = distance;
                nearest = form;
            }
        }
        String found = row.place + ": no known form of training data; its keys are " + row.keys();
        return smallest > FAR
                ? found + "; wanted " + all() + "; docs/DATA.md has examples"
                : found + "; the nearest form has " + String.join(", ", nearest.keys) + ", for example "
                        + nearest.example;
    }

    private static String all() {
        StringBuilder all = new StringBuilder();
        for (Form form : FORMS) {
            all.append(all.isEmpty() ? "" : ", or ").append(String.join(" and ", form.keys));
        }
        return all.toString();
    }

    /// The keys of an object, those that are null marked as such.
    static String keys(ObjectNode object) {
        TreeSet<String> keys = new TreeSet<>();
        for (Map.Entry<String, JsonNode> entry : object.properties()) {
            keys.add(JsonLine.shown(entry.getKey()) + (entry.getValue().isNull() ? " (null)" : ""));
        }
        return shown(keys);
    }

    /// The names as a list that is not longer than a line or two.
    static String shown(Set<String> keys) {
        if (keys.isEmpty()) {
            return "(none)";
        }
        List<String> shown = keys.stream().limit(KEYS_SHOWN).toList();
        return String.join(", ", shown)
                + (keys.size() > KEYS_SHOWN ? " and " + (keys.size() - KEYS_SHOWN) + " more" : "");
    }

    /// Mean over the form's keys of how far the most similar key of the row is, 0 (the same) to 1 (nothing in common).
    private static double distance(ObjectNode row, Form form) {
        double sum = 0;
        for (String wanted : form.keys) {
            double best = 1;
            for (String key : row.propertyNames()) {
                if (key.equals("id")) { // a number of the row, and nearly "ids"
                    continue;
                }
                double edits = Spelling.edits(wanted, key.toLowerCase(Locale.ROOT));
                best = Math.min(best, edits / Math.max(wanted.length(), key.length()));
            }
            sum += best;
        }
        return sum / form.keys.size();
    }
}

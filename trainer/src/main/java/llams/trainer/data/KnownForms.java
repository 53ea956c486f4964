package llams.trainer.data;

import java.util.List;
import java.util.TreeSet;
import tools.jackson.databind.node.ObjectNode;

/// Explains rows in no known form by the form that they are nearest to.
final class KnownForms {
    private record Form(List<String> keys, String example) {}

    private static final List<Form> FORMS = List.of(
            new Form(List.of("text"), "{\"text\": \"Seoul is the capital of Korea.\"}"),
            new Form(
                    List.of("messages"),
                    "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\", \"content\": \"Hello!\"}]}"),
            new Form(
                    List.of("conversations"),
                    "{\"conversations\": [{\"from\": \"human\", \"value\": \"Hi\"}, {\"from\": \"gpt\", \"value\": \"Hello!\"}]}"),
            new Form(List.of("instruction", "output"), "{\"instruction\": \"Add 2 and 2.\", \"input\": \"\", \"output\": \"4\"}"),
            new Form(List.of("prompt", "response"), "{\"prompt\": \"What is 2 + 2?\", \"response\": \"4\"}"),
            new Form(List.of("question", "answer"), "{\"question\": \"What is 2 + 2?\", \"answer\": \"4\"}"),
            new Form(LanguagePair.KEYS, "{\"q_ko\": \"안녕?\", \"a_ko\": \"안녕!\", \"q_en\": \"Hi?\", \"a_en\": \"Hi!\"}"),
            new Form(List.of("ids"), "{\"ids\": [128000, 9906, 128001]}"));

    private KnownForms() {}

    /// The message for a row that no reader takes.
    static String unknown(ObjectNode row, String place) {
        Form nearest = FORMS.getFirst();
        double smallest = Double.MAX_VALUE;
        for (Form form : FORMS) {
            double distance = distance(row, form);
            if (distance < smallest) {
                smallest = distance;
                nearest = form;
            }
        }
        return place + ": no known form of training data; its keys are " + keys(row) + "; the nearest form has "
                + String.join(", ", nearest.keys) + ", for example " + nearest.example;
    }

    static String keys(ObjectNode row) {
        return row.isEmpty() ? "(none)" : String.join(", ", new TreeSet<>(row.propertyNames()));
    }

    /// Mean over the form's keys of how far the most similar key of the row is, 0 (the same) to 1 (nothing in common).
    private static double distance(ObjectNode row, Form form) {
        double sum = 0;
        for (String wanted : form.keys) {
            double best = 1;
            for (String key : row.propertyNames()) {
                best = Math.min(best, Spelling.edits(wanted, key.toLowerCase()) / (double) Math.max(wanted.length(), key.length()));
            }
            sum += best;
        }
        return sum / form.keys.size();
    }
}

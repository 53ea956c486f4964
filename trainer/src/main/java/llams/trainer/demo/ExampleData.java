package llams.trainer.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import llams.model.files.OutputDirectory;
import llams.trainer.data.JsonLine;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A small bilingual example, written for this program: a primer about animals, people, food, the year and numbers in
/// Korean and English; Korean text about the village of Dalbit; and questions with their answers in both languages. What
/// measures is never trained on, in either language.
public final class ExampleData {
    private static final List<String> FILES = List.of("general.txt", "general-heldout.txt", "village.txt",
            "village-heldout.txt", "village-facts.jsonl", "pairs.jsonl", "pairs-heldout.jsonl", "config.json");

    private record Task(String question, String answer) {}

    private ExampleData() {}

    /// Writes all files into a new directory:
    ///
    /// | file | what is in it |
    /// |---|---|
    /// | `general.txt`, `village.txt` | text to train on |
    /// | `pairs.jsonl` | questions and answers in both languages |
    /// | `conversations.jsonl` | each question, answered in its own language |
    /// | `mixed.jsonl` | the same, and each question answered in the other language because it asks for that. Without the request a question would have two right answers, and a model would learn to toss a coin |
    /// | `NAME-heldout` | of the same kind, to measure with |
    /// | `requests-heldout.jsonl` | the held-out questions that ask for an answer in the other language |
    /// | `village-facts.jsonl` | sentences about the village that state a fact, and their ends |
    /// | `config.json` | the shape of a model that is large enough for them |
    public static void write(Path directory) throws IOException {
        try (OutputDirectory output = OutputDirectory.create(directory)) {
            for (String name : FILES) {
                try (InputStream in = ExampleData.class.getResourceAsStream(name)) {
                    Files.copy(in, output.path().resolve(name));
                }
            }
            for (String which : List.of("", "-heldout")) {
                List<ObjectNode> pairs = rows(output.path().resolve("pairs" + which + ".jsonl"));
                List<Task> within = within(pairs);
                List<Task> across = across(pairs);
                write(output.path().resolve("conversations" + which + ".jsonl"), within);
                write(output.path().resolve("mixed" + which + ".jsonl"),
                        Stream.concat(within.stream(), across.stream()).toList());
                if (!which.isEmpty()) {
                    write(output.path().resolve("requests-heldout.jsonl"), across);
                }
            }
            output.commit();
        }
    }

    /// Each question in its language, answered in the same.
    private static List<Task> within(List<ObjectNode> pairs) {
        List<Task> tasks = new ArrayList<>();
        for (ObjectNode pair : pairs) {
            tasks.add(new Task(text(pair, "q_ko"), text(pair, "a_ko")));
            tasks.add(new Task(text(pair, "q_en"), text(pair, "a_en")));
        }
        return tasks;
    }

    /// Each question in its language, with the request to answer in the other.
    private static List<Task> across(List<ObjectNode> pairs) {
        List<Task> tasks = new ArrayList<>();
        for (ObjectNode pair : pairs) {
            tasks.add(new Task(text(pair, "q_ko") + " 영어로 답해 주세요.", text(pair, "a_en")));
            tasks.add(new Task(text(pair, "q_en") + " Answer in Korean.", text(pair, "a_ko")));
        }
        return tasks;
    }

    private static String text(ObjectNode row, String key) {
        return row.get(key).stringValue();
    }

    private static void write(Path file, List<Task> tasks) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (Task task : tasks) {
            ObjectNode row = JsonNodeFactory.instance.objectNode();
            lines.append(row.put("question", task.question).put("answer", task.answer)).append('\n');
        }
        Files.writeString(file, lines);
    }

    private static List<ObjectNode> rows(Path file) throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(JsonLine.parse(line, file + ":" + (rows.size() + 1)));
        }
        return rows;
    }
}

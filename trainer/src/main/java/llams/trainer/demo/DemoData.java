package llams.trainer.demo;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.trainer.data.JsonLine;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The demo's texts, written for it, as files: a primer about animals, people, food, the year and numbers in Korean and
/// English; Korean text about the village of Dalbit; and questions with their answers in both languages. What measures is
/// never trained on.
final class DemoData {
    /// What a model should make of a prompt: the answer to a question, or the rest of a sentence.
    record Task(String prompt, String right) {
    }

    final Path general;
    final Path heldOutGeneral;
    final Path village;
    final Path heldOutVillage;
    /// Each question and answer in both languages.
    final Path pairs;
    final Path heldOutPairs;
    /// The pairs as conversations within one language.
    final Path conversations;
    final Path heldOutConversations;
    /// Each sentence about the village that states a fact, without its end.
    final List<Task> facts;
    /// Those of the held-out conversations.
    final List<Task> questions;
    private final Path directory;

    private DemoData(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory);
        general = copy("general.txt");
        heldOutGeneral = copy("general-heldout.txt");
        village = copy("village.txt");
        heldOutVillage = copy("village-heldout.txt");
        facts = tasks(copy("village-facts.jsonl"), "prompt", "completion");
        pairs = copy("pairs.jsonl");
        heldOutPairs = copy("pairs-heldout.jsonl");
        conversations = conversations(pairs, "conversations.jsonl");
        heldOutConversations = conversations(heldOutPairs, "conversations-heldout.jsonl");
        questions = tasks(heldOutConversations, "question", "answer");
    }

    /// Writes the files into a new directory.
    static DemoData unpack(Path directory) throws IOException {
        return new DemoData(directory);
    }

    private Path copy(String name) throws IOException {
        Path file = directory.resolve(name);
        try (InputStream in = DemoData.class.getResourceAsStream(name)) {
            Files.copy(in, file);
        }
        return file;
    }

    private Path conversations(Path pairs, String name) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (ObjectNode pair : rows(pairs)) {
            for (String language : List.of("ko", "en")) {
                ObjectNode row = JsonMapper.shared().createObjectNode();
                row.set("question", pair.get("q_" + language));
                row.set("answer", pair.get("a_" + language));
                lines.append(row).append('\n');
            }
        }
        return Files.writeString(directory.resolve(name), lines);
    }

    private static List<Task> tasks(Path file, String prompt, String right) throws IOException {
        List<Task> tasks = new ArrayList<>();
        for (ObjectNode row : rows(file)) {
            tasks.add(new Task(row.get(prompt).stringValue(), row.get(right).stringValue()));
        }
        return tasks;
    }

    private static List<ObjectNode> rows(Path file) throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(JsonLine.parse(line, file + ":" + (rows.size() + 1)));
        }
        return rows;
    }
}

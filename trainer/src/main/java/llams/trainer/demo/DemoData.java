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
/// English; Korean text about the village of Dalbit; and questions with their answers in both languages. What measures
/// is never trained on, in either language.
final class DemoData {
    /// What a model should make of a prompt: the answer to a question, or the rest of a sentence.
    record Task(String prompt, String right) {}

    final Path general;
    final Path heldOutGeneral;
    final Path village;
    final Path heldOutVillage;
    /// Questions and answers within one language.
    final Path conversations;
    final Path heldOutConversations;
    /// The same, and each question answered in the other language too, because it asks for that. Without the request a
    /// question would have two right answers, and the model would learn to toss a coin.
    final Path mixed;
    final Path heldOutMixed;
    /// Each sentence about the village that states a fact, without its end.
    final List<Task> facts;
    /// Those of the held-out conversations.
    final List<Task> questions;
    /// The held-out questions that ask for an answer in the other language.
    final List<Task> requests;
    private final Path directory;

    private DemoData(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory);
        general = copy("general.txt");
        heldOutGeneral = copy("general-heldout.txt");
        village = copy("village.txt");
        heldOutVillage = copy("village-heldout.txt");
        facts = facts(copy("village-facts.jsonl"));
        List<ObjectNode> pairs = rows(copy("pairs.jsonl"));
        List<ObjectNode> heldOutPairs = rows(copy("pairs-heldout.jsonl"));
        conversations = write("conversations.jsonl", within(pairs));
        heldOutConversations = write("conversations-heldout.jsonl", within(heldOutPairs));
        mixed = write("mixed.jsonl", within(pairs), across(pairs));
        heldOutMixed = write("mixed-heldout.jsonl", within(heldOutPairs), across(heldOutPairs));
        questions = within(heldOutPairs);
        requests = across(heldOutPairs);
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

    @SafeVarargs
    private Path write(String name, List<Task>... parts) throws IOException {
        StringBuilder lines = new StringBuilder();
        for (List<Task> part : parts) {
            for (Task task : part) {
                lines.append(
                        JsonMapper.shared().createObjectNode().put("question", task.prompt).put("answer", task.right))
                        .append('\n');
            }
        }
        return Files.writeString(directory.resolve(name), lines);
    }

    private static List<Task> facts(Path file) throws IOException {
        List<Task> tasks = new ArrayList<>();
        for (ObjectNode row : rows(file)) {
            tasks.add(new Task(text(row, "prompt"), text(row, "completion")));
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

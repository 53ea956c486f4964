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
    /// @param answer the right one
    record Question(String question, String answer) {
    }

    final Path general;
    final Path heldOutGeneral;
    final Path village;
    final Path heldOutVillage;
    /// Asked about the village: there are no such conversations to train on.
    final Path villageQuestions;
    /// Each question and answer in both languages.
    final Path pairs;
    final Path heldOutPairs;
    /// The pairs as conversations within one language.
    final Path conversations;
    final Path heldOutConversations;
    private final Path directory;

    private DemoData(Path directory) throws IOException {
        this.directory = directory;
        Files.createDirectories(directory);
        general = copy("general.txt");
        heldOutGeneral = copy("general-heldout.txt");
        village = copy("village.txt");
        heldOutVillage = copy("village-heldout.txt");
        villageQuestions = copy("village-questions.jsonl");
        pairs = copy("pairs.jsonl");
        heldOutPairs = copy("pairs-heldout.jsonl");
        conversations = conversations(pairs, "conversations.jsonl");
        heldOutConversations = conversations(heldOutPairs, "conversations-heldout.jsonl");
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

    List<Question> questions(Path file) throws IOException {
        List<Question> questions = new ArrayList<>();
        for (ObjectNode row : rows(file)) {
            questions.add(new Question(row.get("question").stringValue(), row.get("answer").stringValue()));
        }
        return questions;
    }

    private static List<ObjectNode> rows(Path file) throws IOException {
        List<ObjectNode> rows = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            rows.add(JsonLine.parse(line, file + ":" + (rows.size() + 1)));
        }
        return rows;
    }
}

package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.Golden;
import llams.engine.device.Devices;
import llams.engine.weights.LlamaWeights;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.model.text.LoadedModel;
import llams.model.text.TextGenerator;
import llams.trainer.data.JsonLine;
import llams.trainer.task.TaskScores.Part;
import llams.trainer.task.TaskScores.Score;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// The tasks that come with the program give the prompts, written answers, accuracies and standard errors that
/// lm-evaluation-harness gives for the same model and data; `tasks/README.md` says how its figures were made.
class ScoresEqualTheHarnessTest {
    static final Path FILES = Path.of("src/test/resources/tasks");

    /// A task as the harness measured it.
    private record Key(String task, int shots, boolean chat) {}

    @TempDir
    Path directory;

    private TextGenerator generator() throws IOException {
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(Golden.path("tiny-llama3").resolve(name), directory.resolve(name));
        }
        Path tokenizer = Path.of("src/test/resources/golden2/gguf/tokenizer");
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(tokenizer.resolve(name), directory.resolve(name));
        }
        return new TextGenerator(LoadedModel.of(LlamaWeights.open(directory), null, Devices.byName("cpu")), 1 << 20);
    }

    private static Map<Key, List<JsonNode>> measured() throws IOException {
        Map<Key, List<JsonNode>> measured = new LinkedHashMap<>();
        for (String line : Files.readAllLines(FILES.resolve("harness.jsonl"))) {
            JsonNode one = JsonLine.parse(line, "harness.jsonl");
            if (Tasks.SHIPPED.contains(one.get("task").asString())) {
                measured.computeIfAbsent(
                        new Key(one.get("task").asString(), one.get("shots").asInt(), one.get("chat").asBoolean()),
                        _ -> new ArrayList<>()).add(one);
            }
        }
        return measured;
    }

    @Test
    void everyTask() throws IOException {
        int compared = 0;
        try (TextGenerator generator = generator()) {
            ModelText text = ModelText.of(directory, ChatTemplate.TRAINING);
            for (Map.Entry<Key, List<JsonNode>> entry : measured().entrySet()) {
                Key key = entry.getKey();
                Task task = Tasks.find(key.task).withShots(key.shots);
                task = key.chat ? task.inChat() : task;
                TaskRun run = new TaskRun(task, FILES, Integer.MAX_VALUE, generator, text);
                TaskAnswers answers = run.answers(_ -> {});
                for (JsonNode expected : entry.getValue()) {
                    String subject = expected.get("subject").asString();
                    if (!subject.equals("all")) {
                        questionsAreTheSame(expected, answers.of(subject), key, text);
                    }
                    compared += scoresAreTheSame(expected, part(answers.scores(), subject), key.toString());
                }
            }
        }
        assertEquals(130, compared);
    }

    private static Part part(TaskScores scores, String subject) {
        return subject.equals("all")
                ? scores.all()
                : scores.subjects().stream().filter(part -> part.name().equals(subject)).findFirst().orElseThrow();
    }

    private static void questionsAreTheSame(JsonNode expected, List<Answered> answers, Key key, ModelText text) {
        assertEquals(expected.get("questions").asInt(), answers.size(), key::toString);
        for (int q = 0; q < answers.size(); q++) {
            Answered answer = answers.get(q);
            Prompt prompt = answer.question().prompt();
            String said = key.chat
                    ? text.tokenizer().decode(text.chat().prompt(prompt.messages(), List.of()))
                    : prompt.text();
            assertEquals(expected.get("prompts").get(q).asString(), said, key + " " + q);
            if (expected.has("answers")) {
                assertEquals(expected.get("answers").get(q).asString(), answer.answer(), key + " " + q);
            }
        }
    }

    private static int scoresAreTheSame(JsonNode expected, Part part, String what) {
        int compared = 0;
        for (Map.Entry<String, Score> metric : part.metrics().entrySet()) {
            if (expected.has(metric.getKey())) {
                assertEquals(expected.get(metric.getKey()).asDouble(), metric.getValue().share(), 1e-9, what);
                assertEquals(expected.get(metric.getKey() + "_stderr").asDouble(), metric.getValue().error(), 1e-9,
                        what);
                compared += 2;
            }
        }
        assertTrue(compared > 0);
        return compared;
    }
}

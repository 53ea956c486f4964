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
import java.util.Set;
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

    /// Measured in every build; `-Dllams.harness=all` measures the others too.
    private static final Set<Key> MEASURED = Set.of(new Key("kobest-hellaswag", 0, false),
            new Key("kobest-sentineg", 2, false), new Key("kobest-copa", 1, true));
    private static final boolean ALL = System.getProperty("llams.harness", "").equals("all");

    /// Of each subject, whose prompts are compared.
    private static final int QUESTIONS = ALL ? Integer.MAX_VALUE : 2;

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
                List<TaskQuestion> questions = TaskQuestions.read(task, FILES, QUESTIONS).questions();
                entry.getValue().forEach(expected -> questionsAreTheSame(expected, questions, key, text));
                if (ALL || MEASURED.contains(key)) {
                    TaskAnswers answers = new TaskRun(task, FILES, Integer.MAX_VALUE, generator, text).answers(_ -> {});
                    for (JsonNode expected : entry.getValue()) {
                        compared += answersAreTheSame(expected, answers, key.toString());
                    }
                }
            }
        }
        assertEquals(ALL ? 130 : 8, compared);
    }

    private static void questionsAreTheSame(JsonNode expected, List<TaskQuestion> all, Key key, ModelText text) {
        List<TaskQuestion> questions = all.stream()
                .filter(question -> question.subject().equals(expected.get("subject").asString()))
                .toList();
        int asked = expected.path("prompts").size();
        assertEquals(Math.min(asked, QUESTIONS), questions.size(), key::toString);
        for (int q = 0; q < questions.size(); q++) {
            Prompt prompt = questions.get(q).prompt();
            String said = key.chat
                    ? text.tokenizer().decode(text.chat().prompt(prompt.messages(), List.of()))
                    : prompt.text();
            assertEquals(expected.get("prompts").get(q).asString(), said, key + " " + q);
        }
    }

    /// Returns how many figures were compared.
    private static int answersAreTheSame(JsonNode expected, TaskAnswers answers, String what) {
        String subject = expected.get("subject").asString();
        List<Answered> given = answers.of(subject);
        for (int q = 0; q < given.size() && expected.has("answers"); q++) {
            assertEquals(expected.get("answers").get(q).asString(), given.get(q).answer(), what + " " + q);
        }
        Part part = subject.equals("all")
                ? answers.scores().all()
                : answers.scores()
                        .subjects()
                        .stream()
                        .filter(one -> one.name().equals(subject))
                        .findFirst()
                        .orElseThrow();
        int compared = 0;
        for (Map.Entry<String, Score> metric : part.metrics().entrySet()) {
            if (expected.has(metric.getKey())) {
                Score score = metric.getValue();
                assertEquals(expected.get(metric.getKey()).asDouble(), score.share(), 1e-9, what);
                assertEquals(expected.get(metric.getKey() + "_stderr").asDouble(), score.error(), 1e-9, what);
                compared += 2;
            }
        }
        assertTrue(compared > 0);
        return compared;
    }
}

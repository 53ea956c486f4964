package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

class LanguageCommandTest {
    @TempDir
    Path directory;

    @Test
    void fourAnswersToEachQuestion() throws IOException {
        String model = SmallModel.create(directory).toString();
        Path questions = Files.writeString(directory.resolve("pairs.jsonl"), """
                {"q_ko": "왜요?", "a_ko": "그냥요.", "q_en": "Why?", "a_en": "No reason."}
                {"q_ko": "누구?", "q_en": "Who?"}
                """);
        Path answers = directory.resolve("answers.jsonl");
        String[] command = {"eval", "language", "-m", model, "--questions", questions.toString(), "-n", "6",
                "--answers", answers.toString(), "--json"};
        Llams run = Llams.run(command);
        assertEquals(0, run.code(), run.err());
        JsonNode directions = JsonLine.parse(run.out().strip(), "output").get("directions");
        List<String> names = List.of("en-en", "en-ko", "ko-en", "ko-ko");
        assertEquals(4, directions.size());
        for (int i = 0; i < 4; i++) {
            JsonNode score = directions.get(i);
            assertEquals(names.get(i), score.get("direction").stringValue());
            assertEquals(2, score.get("answers").intValue() + score.get("wordless").intValue());
        }
        List<String> lines = Files.readAllLines(answers);
        assertEquals(8, lines.size());
        assertTrue(lines.get(1).startsWith("{\"direction\":\"en-ko\",\"question\":\"Why? Answer in Korean.\","),
                lines.get(1));
        assertEquals(run.out(), Llams.run(command).out());
        Llams text = Llams.run("eval", "language", "-m", model, "--questions", questions.toString(), "-n", "2",
                "--limit", "1");
        assertEquals(4, text.out().lines().count(), text.out() + text.err());
        assertTrue(text.out().startsWith("en-en  ") && text.out().contains("answers in the wrong language; "),
                text.out());
    }

    @Test
    void rowsWithoutAQuestionAreNamed() throws IOException {
        String model = SmallModel.create(directory).toString();
        Path questions = Files.writeString(directory.resolve("q.jsonl"), "{\"q_ko\": \"왜요?\"}\n");
        Llams run = Llams.run("eval", "language", "-m", model, "--questions", questions.toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains(questions + ":1: \"q_en\" is missing"), run.err());
    }
}

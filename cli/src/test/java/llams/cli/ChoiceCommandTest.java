package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.node.ObjectNode;

class ChoiceCommandTest {
    private record Question(String text, List<String> choices) {
        String json(int answer) {
            return "{\"question\": \"%s\", \"choices\": [%s], \"answer\": %d, \"subject\": \"ignored\"}%n".formatted(
                    text.replace("\n", "\\n"),
                    choices.stream().map(choice -> '"' + choice + '"').collect(Collectors.joining(", ")), answer);
        }
    }

    /// Of other numbers and lengths of answers; one ends in white space.
    private static final List<Question> QUESTIONS = List.of(new Question("the cat", List.of("sat", "stood up", "ran")),
            new Question("Question: 고양이는?\n", List.of("야옹", "멍멍")),
            new Question("one two", List.of("three", "3", "4 5 6 7", "twelve or so")));

    @TempDir
    static Path shared;

    static Path model;

    @TempDir
    Path directory;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared);
    }

    private ObjectNode ask(Path model, String lines, String... more) throws IOException {
        Path data = Files.writeString(directory.resolve("questions.jsonl"), lines);
        List<String> command = new ArrayList<>(
                List.of("eval", "choice", "-m", model.toString(), "--data", data.toString(), "--json"));
        command.addAll(List.of(more));
        Llams run = Llams.run(command.toArray(String[]::new));
        assertEquals(0, run.code(), run.err());
        return JsonLine.parse(run.out().strip(), "output");
    }

    /// The loss of an answer behind its question, alone in a sequence, as 'eval perplexity' measures it.
    private double loss(Question question, String choice) throws IOException {
        String context = question.text.stripTrailing();
        byte[] begin = context.getBytes(StandardCharsets.UTF_8);
        byte[] all = (question.text + (context.equals(question.text) ? " " : "") + choice)
                .getBytes(StandardCharsets.UTF_8);
        List<Integer> ids = new ArrayList<>(List.of(SmallModel.BEGIN));
        List<Integer> labels = new ArrayList<>(List.of(-100));
        for (int i = 0; i < all.length; i++) {
            ids.add(all[i] & 255);
            labels.add(i < begin.length ? -100 : all[i] & 255);
        }
        Path data = Files.writeString(directory.resolve("ids.jsonl"),
                "{\"ids\": %s, \"labels\": %s}%n".formatted(ids, labels));
        Llams run = Llams.run("eval", "perplexity", "-m", model.toString(), "--data", data.toString(), "--tokens",
                "128", "--json");
        assertEquals(0, run.code(), run.err());
        ObjectNode report = JsonLine.parse(run.out().strip(), "output");
        return report.get("loss").asDouble() * report.get("countedTokens").asInt();
    }

    @Test
    void theMostLikelyAnswerIsTheModels() throws IOException {
        StringBuilder right = new StringBuilder();
        StringBuilder rightByLength = new StringBuilder();
        for (Question question : QUESTIONS) {
            int best = 0;
            int bestByLength = 0;
            double[] losses = new double[question.choices.size()];
            double[] byLength = new double[losses.length];
            for (int c = 0; c < losses.length; c++) {
                losses[c] = loss(question, question.choices.get(c));
                byLength[c] = losses[c] / question.choices.get(c).length();
                best = losses[c] < losses[best] ? c : best;
                bestByLength = byLength[c] < byLength[bestByLength] ? c : bestByLength;
            }
            right.append(question.json(best));
            rightByLength.append(question.json(bestByLength));
        }
        ObjectNode report = ask(model, right.toString());
        assertEquals(3, report.get("questions").asInt());
        assertEquals(1, report.get("accuracy").asDouble());
        assertEquals((1 / 3.0 + 1 / 2.0 + 1 / 4.0) / 3, report.get("chance").asDouble(), 1e-12);
        assertEquals(1, ask(model, rightByLength.toString()).get("accuracyByLength").asDouble());
        String wrong = right.toString()
                .replaceAll("(\"answer\": )0", "$19")
                .replaceAll("(\"answer\": )[1-3]", "$10")
                .replace(": 9", ": 1");
        assertEquals(0, ask(model, wrong).get("accuracy").asDouble());
    }

    @Test
    void whatWasLearntIsAnswered() throws IOException {
        Path text = Files.writeString(directory.resolve("text.txt"),
                "the cat sat on the mat. the dog ran to the" + " sea. ".repeat(40));
        String tuned = directory.resolve("tuned").toString();
        Llams run = Llams.run("train", "-m", model.toString(), "--data", text.toString(), "--out", tuned, "--steps",
                "60", "--lr", "0.03", "--tokens", "64");
        assertEquals(0, run.code(), run.err());
        String lines = """
                {"question": "the cat sat on", "choices": ["xqj zvw", "the mat"], "answer": 1}
                {"question": "the dog ran", "choices": ["to the sea", "qq wzx jvk"], "answer": 0}
                {"question": "the", "choices": ["XQZ WVK", "cat sat", "1234567"], "answer": 1}
                """;
        assertEquals(1, ask(model, lines, "--adapter", tuned).get("accuracy").asDouble());
        Llams said = Llams.run("eval", "choice", "-m", model.toString(), "--adapter", tuned, "--data",
                directory.resolve("questions.jsonl").toString());
        assertTrue(said.out().startsWith("accuracy   100.0% ± 0.0  3 of 3 right; blind picks: 44.4%"), said.out());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                    "{\"question\": \"q\", \"choices\": [\"a\", \"b\"]} | questions.jsonl:1: \"answer\" is nothing;"
                            + " wanted the index of the right one of 2 choices",
                    "{\"question\": \"q\", \"choices\": [\"a\", \"b\"], \"answer\": 2} | \"answer\" is the number"
                            + " 2; wanted the index",
                    "{\"question\": \"q\", \"choices\": [\"a\", \" \"], \"answer\": 0} | \"choices\"[1] is blank",
                    "{\"question\": \"q\", \"choices\": [\"a\"], \"answer\": 0} | \"choices\" is a list of 1;"
                            + " wanted a list of two strings or more",
                    "{\"choices\": [\"a\", \"b\"], \"answer\": 0} | \"question\" is missing; wanted a string",
                    "'' | no question in it",
                    "{\"question\": \"LONG\", \"choices\": [\"a\", \"b\"], \"answer\": 0} | have 203 tokens, and"
                            + " the model allows 128"})
    void whatIsNoQuestionIsRefused(String line, String message) throws IOException {
        Path data = Files.writeString(directory.resolve("questions.jsonl"), line.replace("LONG", "x".repeat(200)));
        Llams run = Llams.run("eval", "choice", "-m", model.toString(), "--data", data.toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains(message) && run.err().contains("questions.jsonl"), run.err());
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import llams.trainer.data.JsonLine;
import llams.trainer.task.Tasks;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

class TaskCommandTest {
    private static final String TASK = """
            prompt: "{{q}}"
            choices: ["{{a}}", "{{b}}"]
            answer: "{{a}}"
            data: rows.jsonl
            shots-data: same
            """;
    private static final String ROWS = """
            {"q": "one", "a": "two", "b": "x y z", "subject": "numbers"}
            {"q": "two", "a": "three", "b": "q", "subject": "numbers"}
            {"q": "the cat", "a": "sat", "b": "ate", "subject": "cats"}
            """;

    @TempDir
    static Path shared;

    static Path model;

    @TempDir
    Path directory;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared);
    }

    private String file(String name, String content) throws IOException {
        return Files.writeString(directory.resolve(name), content).toString();
    }

    private static Llams done(String... args) {
        Llams run = Llams.run(args);
        assertEquals(0, run.code(), run.err());
        return run;
    }

    private Llams ask(String task, String... more) {
        String[] args = {"eval", "task", task, "-m", model.toString()};
        String[] all = Arrays.copyOf(args, args.length + more.length);
        System.arraycopy(more, 0, all, args.length, more.length);
        return done(all);
    }

    @Test
    void aTaskIsMeasuredAndReceiptsAreCompared() throws IOException {
        String task = file("mine.yaml", TASK);
        file("rows.jsonl", ROWS);
        String receipt = directory.resolve("a.json").toString();
        String answers = directory.resolve("answers.jsonl").toString();
        ObjectNode report = JsonLine
                .parse(ask(task, "--json", "--receipt", receipt, "--answers", answers).out().strip(), "output");
        JsonNode mine = report.path("tasks").path("mine");
        assertEquals(3, mine.path("all").path("questions").asInt());
        assertEquals(List.of("numbers", "cats"), List.copyOf(mine.path("subjects").propertyNames()));
        double cats = mine.path("subjects").path("cats").path("acc").asDouble();
        double numbers = mine.path("subjects").path("numbers").path("acc").asDouble();
        assertEquals((cats + numbers) / 2, mine.path("macro").path("acc").asDouble(), 1e-12);
        assertEquals((cats + 2 * numbers) / 3, mine.path("all").path("acc").asDouble(), 1e-12);
        List<String> lines = Files.readAllLines(Path.of(answers));
        assertEquals(3, lines.size());
        assertTrue(lines.getFirst().contains("\"subject\":\"numbers\",\"answer\":"), lines.getFirst());

        String other = directory.resolve("b.json").toString();
        ask(task, "--receipt", other, "--weights", "q8");
        Llams same = done("eval", "compare", receipt, other, "--subjects");
        assertEquals("", same.err());
        assertTrue(same.out().lines().anyMatch(line -> line.matches("mine acc, macro +\\d.*% ± .* \\d.*% ± .*")),
                same.out());
        assertTrue(same.out().contains("mine acc, cats"), same.out());

        file("mine.yaml", TASK.replace("{{q}}", "Q: {{q}}"));
        ask(task, "--receipt", other, "--shots", "0", "--limit", "1");
        Llams differing = done("eval", "compare", receipt, other, "--json");
        assertTrue(differing.err()
                .contains("note: mine of model and b.json cannot be compared: the prompt form, the limit"
                        + " of questions (0, 1) differ"),
                differing.err());
        JsonNode rows = JsonLine.parse(differing.out().strip(), "output").path("rows");
        assertEquals("mine", rows.get(0).path("task").asString());
        assertTrue(rows.get(0).path("scores").get(1).isNull());
        assertEquals("mine (2)", rows.get(6).path("task").asString());
    }

    @Test
    void answersAreWritten() throws IOException {
        file("rows.jsonl", ROWS);
        String task = file("written.yaml", TASK.replaceFirst("choices.*\n", "max-tokens: 3\n"));
        String said = ask(task, "--chat").out();
        assertTrue(said.contains("written (all questions):  exact_match 0.0% ± 0.0  of 3"), said);
    }

    @Test
    void downloadedFilesAreConverted() throws IOException {
        String rows = "question,answer,A,B,C,D,Category\n둘은?,2,1,2,3,4,Math\n";
        String out = directory.resolve("data").toString();
        String said = done("eval", "convert", "kmmlu", file("Math-test.csv", rows), "--shots",
                file("Math-dev.csv", rows), "--out", out).out();
        assertEquals(out + "/kmmlu.jsonl: 1 rows\n" + out + "/kmmlu-shots.jsonl: 1 rows\n\n"
                + "둘은?\nA. 1\nB. 2\nC. 3\nD. 4\n정답： B\n", said);
        assertTrue(ask("kmmlu", "--data", out, "--shots", "1").out().startsWith("kmmlu:  acc "));
    }

    @Test
    void whatIsTooLongIsNamed() throws IOException {
        file("rows.jsonl", ROWS + "{\"q\": \"%s\", \"a\": \"b\", \"b\": \"c\"}%n".formatted("x".repeat(200)));
        Llams run = Llams.run("eval", "task", file("mine.yaml", TASK), "-m", model.toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains("rows.jsonl:4: question and answer have 203 tokens, and the model allows 128"),
                run.err());
    }

    @Test
    void theTasksAreListedAndPrinted() throws IOException {
        List<String> listed = done("eval", "tasks").out().lines().map(line -> line.split(" ")[0]).toList();
        assertEquals(Tasks.SHIPPED, listed);
        assertEquals(Tasks.text("kmmlu"), done("eval", "tasks", "kmmlu").out());
    }

    @Test
    void onlyReceiptsAreCompared() throws IOException {
        Llams run = Llams.run("eval", "compare", file("x.json", "{\"kind\": \"other\"}"));
        assertEquals(1, run.code());
        assertTrue(run.err().contains("x.json: not a receipt; wanted a file that 'eval task' wrote with --receipt"),
                run.err());
    }

    @Test
    void aModelWinsWhatItWasTrainedOn() throws IOException {
        String data = file("answers.jsonl", """
                {"question": "one", "answer": "two two two"}
                {"question": "two", "answer": "two two"}
                {"question": "three", "answer": "two"}
                """);
        String adapter = directory.resolve("adapter").toString();
        done("train", "-m", model.toString(), "--data", data, "--out", adapter, "--steps", "8", "--lr", "0.02",
                "--tokens", "64");
        String[] command = {"eval", "winrate", "-m", model.toString(), "--adapter", adapter, "--data", data};
        assertTrue(
                done(command).out().startsWith("100.0% ± 0.0  3 of 3 answers are more likely, 0 less, 0 alike\nloss "));
        Llams tied = done("eval", "winrate", "-m", model.toString(), "--other", model.toString(), "--data", data,
                "--json");
        ObjectNode report = JsonLine.parse(tied.out().strip(), "output");
        assertEquals(3, report.path("ties").asInt());
        assertEquals(0.5, report.path("share").asDouble());
        Llams alone = Llams.run("eval", "winrate", "-m", model.toString(), "--data", data);
        assertEquals(2, alone.code());
        assertTrue(alone.err().contains("--other is missing"), alone.err());
    }
}

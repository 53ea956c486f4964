package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// What a training run shows on its way, and what comes of it afterwards.
class WatchedTrainingTest {
    @TempDir
    static Path directory;

    private static String model;
    private static Path out;
    private static List<ObjectNode> log;

    @BeforeAll
    static void train() throws IOException {
        model = SmallModel.create(directory).toString();
        out = directory.resolve("out");
        Llams run = Llams.run("train", "-m", model, "--data", text(), "--eval-data", text(), "--out", out.toString(),
                "--steps", "6", "--lr", "0.03", "--tokens", "64", "--eval-every", "2", "--keep-best", "--sample",
                "the cat", "--sample-file",
                Files.writeString(directory.resolve("prompts.txt"), "the dog\n\n<b>the mat</b>\n").toString(),
                "--sample-tokens", "8", "--tensorboard");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.out().contains("the best:    " + out.resolve("best")), run.out());
        log = Files.readAllLines(out.resolve("train.jsonl")).stream().map(line -> JsonLine.parse(line, "log")).toList();
    }

    private static String text() throws IOException {
        return Files.writeString(directory.resolve("text.txt"), "the cat sat on the mat. ".repeat(60)).toString();
    }

    @Test
    void samplesAreWhatTheModelWrites() {
        for (ObjectNode row : log) {
            assertEquals(row.path("step").asInt() % 2 == 1, row.has("samples"), row.toString());
        }
        JsonNode last = log.getLast().path("samples");
        assertEquals(3, last.size());
        String written = last.get(0).path("text").asString();
        assertEquals("the cat", last.get(0).path("prompt").asString());
        Llams generated = Llams.run("generate", "-m", model, "--adapter", out.toString(), "-p", "the cat", "-n", "8",
                "--temp", "0");
        assertEquals(generated.out().strip(), written.strip());
    }

    @Test
    void theBestModelIsReadyToUse() {
        double lowest = log.stream()
                .filter(row -> row.has("evalLoss"))
                .mapToDouble(row -> row.get("evalLoss").asDouble())
                .min()
                .orElseThrow();
        Llams measured = Llams.run("eval", "perplexity", "-m", model, "--adapter", out.resolve("best").toString(),
                "--data", directory.resolve("text.txt").toString(), "--tokens", "64", "--json");
        assertEquals(lowest, JsonLine.parse(measured.out(), "output").get("loss").asDouble(), 1e-6);
    }

    @Test
    void runsAreLaidOverEachOther() throws IOException {
        String page = Files.readString(out.resolve("report.html"));
        assertTrue(page.contains(">finished</span>") && page.contains("&lt;b&gt;the mat"), "the run's own page");
        assertTrue(Files.isDirectory(out.resolve("tensorboard")));
        // A run from before there were pages.
        Path older = Files.createDirectories(directory.resolve("older"));
        for (String file : List.of("train.jsonl", "train.yaml")) {
            Files.copy(out.resolve(file), older.resolve(file));
        }
        Llams one = Llams.run("report", older.toString());
        assertEquals(older.resolve("report.html") + "\n", one.out(), one.err());
        assertTrue(Files.readString(older.resolve("report.html")).contains("<th>eval-every</th>"), "its settings");
        Path both = directory.resolve("both.html");
        assertEquals(0, Llams.run("report", out.toString(), older.toString(), "--out", both.toString()).code());
        assertTrue(Files.readString(both).contains("<h1>2 runs</h1>"));
        assertEquals(2, Llams.run("report", out.toString(), older.toString()).code());
        assertTrue(Llams.run("report", model).err().contains("train.jsonl"));
    }

    @Test
    void whatNeedsMeasurementsIsRefusedWithoutThem() throws IOException {
        Llams run = Llams.run("train", "-m", model, "--data", text(), "--out", directory.resolve("no").toString(),
                "--steps", "2", "--tokens", "64", "--patience", "2");
        assertFalse(run.code() == 0);
        assertTrue(run.err().contains("--eval-data"), run.err());
        assertFalse(Files.exists(directory.resolve("no")));
    }
}

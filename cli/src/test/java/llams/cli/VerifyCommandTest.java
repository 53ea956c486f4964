package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import llams.trainer.data.JsonLine;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.node.ObjectNode;

/// A run of six steps with saves after the second and the fourth.
class VerifyCommandTest {
    @TempDir
    static Path directory;
    private static Path run;
    private static Path log;

    @BeforeAll
    static void train() throws IOException {
        Path data = Files.writeString(directory.resolve("data.txt"), "the cat sat on the mat. ".repeat(40));
        run = directory.resolve("run");
        log = run.resolve("train.jsonl");
        Llams trained = Llams.run("train", "-m", SmallModel.create(directory).toString(), "--data", data.toString(),
                "--out", run.toString(), "--tokens", "32", "--steps", "6", "--save-every", "2", "--threads", "1");
        assertEquals(0, trained.code(), trained.err());
    }

    private static Llams verify(String... more) {
        return Llams.run(Stream.concat(Stream.of("verify", run.toString()), Stream.of(more)).toArray(String[]::new));
    }

    /// Each file of the run with its contents.
    private static List<String> contents() throws IOException {
        try (Stream<Path> tree = Files.walk(directory)) {
            return tree.filter(Files::isRegularFile).sorted().map(file -> {
                try {
                    return file + " " + new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1);
                } catch (IOException e) {
                    return file + " " + e;
                }
            }).toList();
        }
    }

    @Test
    void aRunThatIsAsItWas() throws IOException {
        List<String> before = contents();
        Llams all = verify("--steps", "1-6");
        assertEquals(0, all.code(), all.err());
        assertEquals(
                List.of("log: 6 steps", "save: step-000002", "save: step-000004", "save: step-000006", "result",
                        "data: data.txt", "model and settings", "steps 1 to 6, made again"),
                all.out().lines().map(line -> line.replaceFirst("^as it was: ", "")).toList());
        assertEquals(6, all.err().lines().filter(line -> line.endsWith("made again")).count(), all.err());
        assertEquals(before, contents());
    }

    @Test
    void aWindowBeginsAtTheSaveBeforeIt() {
        Llams window = verify("--steps", "4-5", "--json");
        assertEquals(0, window.code(), window.err());
        ObjectNode json = JsonLine.parse(window.out().strip(), "output");
        assertTrue(json.get("problems").isEmpty(), json::toString);
        assertEquals("steps 4 to 5, made again", json.get("whole").get(json.get("whole").size() - 1).asString());
        assertEquals(List.of("step 3 made again", "step 4 made again", "step 5 made again"),
                window.err().lines().toList());
        Llams one = verify("--steps", "6");
        assertEquals(0, one.code(), one.err());
        assertTrue(one.out().endsWith("steps 6 to 6, made again\n"), one.out());
    }

    @Test
    void whatIsNoWindowIsRefused() {
        for (String no : List.of("x", "0", "0-3", "3-", "1-2-3", "-1")) {
            Llams refused = verify("--steps=" + no);
            assertEquals(2, refused.code(), no);
            assertTrue(refused.err().contains("--steps must be like 61-80, not " + no + ";"), refused.err());
        }
        for (String no : List.of("5-4", "6-7", "7")) {
            Llams refused = verify("--steps", no);
            assertEquals(2, refused.code(), refused.err());
            assertTrue(refused.err().contains("in order and in the log, which ends with step 6"), refused.err());
        }
    }

    /// Runs with another file in the place of one, or with none.
    private static Llams with(Path file, byte[] other, String... more) throws IOException {
        byte[] was = Files.readAllBytes(file);
        try {
            if (other == null) {
                Files.delete(file);
            } else {
                Files.write(file, other);
            }
            return verify(more);
        } finally {
            Files.write(file, was);
        }
    }

    private static void isFound(Llams run, String wanted) {
        assertEquals(1, run.code(), run.out() + run.err());
        assertTrue(run.out().lines().anyMatch(line -> line.startsWith("NOT as it was: " + wanted)), run.out());
    }

    @Test
    void aRowThatWasChangedIsNamed() throws IOException {
        String rows = Files.readString(log);
        byte[] otherLoss = rows.replaceFirst("(?s)^(.*?\n.*?\"loss\":\\d\\.\\d)\\d", "$19x")
                .replace("9x", "9")
                .getBytes();
        isFound(with(log, otherLoss), log + ":2: its receipt is not that of its results and of the row before");
        byte[] otherTime = rows.replaceFirst("\"elapsedSeconds\":", "\"elapsedSeconds\":1").getBytes();
        isFound(with(log, otherTime), log + ":1: not as it was written");
        byte[] without = rows.replaceFirst("(?s)^(.*?\n).*?\n", "$1").getBytes();
        isFound(with(log, without), log + ":2: its receipt is not that of");
        isFound(with(log, otherLoss, "--steps", "2"), "step 2 made again: loss ");
    }

    @Test
    void whatIsMissingOrDamagedIsNamed() throws IOException {
        Path save = run.resolve("step-000004");
        isFound(with(save.resolve("state.json"), null), save + ": ");
        isFound(with(save.resolve("SHA256SUMS"), null), save + ": SHA256SUMS is missing");
        byte[] state = Files.readAllBytes(save.resolve("state.json"));
        state[state.length / 2] ^= 1;
        isFound(with(save.resolve("state.json"), state), save + ": ");
        Path result = run.resolve("adapter_model.safetensors");
        isFound(with(result, null), result + ": is missing");
        isFound(with(directory.resolve("data.txt"), "other".getBytes()), "data: data.txt was ");
        isFound(with(directory.resolve("model/model.safetensors"), null), "what the run started from cannot be read");
    }

    @Test
    void whatIsNoRunIsSaid() throws IOException {
        Llams none = Llams.run("verify", directory.resolve("none").toString());
        assertEquals(1, none.code());
        assertTrue(none.err().contains("has no train.jsonl, so it is no training run"), none.err());
        Llams unknown = with(run.resolve("train.yaml"), null);
        assertEquals(1, unknown.code());
        assertTrue(unknown.err().contains("has no train.yaml"), unknown.err());
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// A training process that is interrupted, that another one meets, that is killed.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals there")
@Timeout(120)
class InterruptedTrainingTest {
    @TempDir
    Path directory;

    private List<String> train;
    private Process process;

    @BeforeEach
    void prepare() throws IOException {
        Path text = Files.writeString(directory.resolve("text.txt"), "the cat sat on the mat. ".repeat(60));
        train = List.of("train", "-m", SmallModel.create(directory).toString(), "--data", text.toString(), "--tokens",
                "32", "--threads", "1", "--save-every", "3", "--steps", "100000", "--out");
    }

    @AfterEach
    void end() {
        if (process != null) {
            process.destroyForcibly();
        }
    }

    private static String[] with(List<String> first, String... rest) {
        return Stream.concat(first.stream(), Stream.of(rest)).toArray(String[]::new);
    }

    /// Starts the program in a process of its own, and waits until it has made some steps.
    private void start(Path out) throws IOException, InterruptedException {
        String path = Stream.of("java.class.path", "jdk.module.path")
                .map(System::getProperty)
                .filter(p -> p != null && !p.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED", "-cp", path,
                        Main.class.getName()));
        command.addAll(List.of(with(train, out.toString())));
        process = new ProcessBuilder(command).redirectErrorStream(true)
                .redirectOutput(directory.resolve("said").toFile())
                .start();
        Path log = out.resolve("train.jsonl");
        while (!Files.exists(log) || steps(log) < 4) {
            assertTrue(process.isAlive(), () -> said());
            Thread.sleep(20);
        }
    }

    private static long steps(Path log) throws IOException {
        try (Stream<String> lines = Files.lines(log)) {
            return lines.count();
        }
    }

    private String said() {
        try {
            return Files.readString(directory.resolve("said"));
        } catch (IOException e) {
            return e.toString();
        }
    }

    private static List<String> temporaries(Path out) throws IOException {
        try (Stream<Path> children = Files.list(out)) {
            return children.map(child -> child.getFileName().toString())
                    .filter(name -> name.contains(".tmp-") || name.endsWith(".lock"))
                    .toList();
        }
    }

    /// By TERM alone: a build in the background of a shell, or under `nohup`, is made to ignore the other two.
    @Test
    void aSignalSavesTheStep() throws IOException, InterruptedException {
        Path out = directory.resolve("out");
        start(out);
        process.destroy();
        assertEquals(143, process.waitFor(), this::said);
        assertTrue(said().contains("interrupted"), said());
        long steps = steps(out.resolve("train.jsonl"));
        Path save = out.resolve("step-%06d".formatted(steps));
        assertTrue(
                said().contains("stopped   after step %,d of 100,000; the same command with --resume continues from %s"
                        .formatted(steps, save)),
                said());
        assertTrue(Files.exists(save.resolve("adapter_model.safetensors")));
        assertFalse(Files.exists(out.resolve("adapter_model.safetensors")));
        assertEquals(List.of(), temporaries(out));
    }

    @Test
    void anotherProgramIsRefusedAndAKilledOneIsNot() throws IOException, InterruptedException {
        Path out = directory.resolve("out");
        start(out);
        for (String[] second : List.of(with(train, out.toString()), with(train, out.toString(), "--resume"))) {
            Llams refused = Llams.run(second);
            assertEquals(1, refused.code(), refused.err());
            assertTrue(refused.err().contains(out + ": in use by pid " + process.pid()), refused.err());
        }
        process.destroyForcibly().waitFor();
        assertTrue(Files.exists(out.resolve("in-use.lock")));
        Llams other = Llams.run(with(train, out.toString(), "--resume", "--seed", "7"));
        assertTrue(other.err().contains("belongs to a run with other settings"), other.err());
        assertEquals(List.of(), temporaries(out));
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

/// Ctrl-C at a terminal ends the answer; at the prompt it ends the program.
@DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no signals there")
@Timeout(120)
class AnswerIsInterruptedConversationGoesOnTest {
    @TempDir
    Path directory;

    @Test
    void aConversation() throws IOException, InterruptedException {
        SmallModel.create(directory);
        Path config = directory.resolve("config.json");
        Files.writeString(config,
                SmallModel.CONFIG.replace("\"max_position_embeddings\": 128", "\"max_position_embeddings\": 100000")
                        .replace("\"eos_token_id\": 257", "\"eos_token_id\": 511"));
        Path model = directory.resolve("long");
        Llams made = Llams.run("init", "--config", config.toString(), "--out", model.toString(), "--tokenizer",
                directory.resolve("tokenizer.model").toString());
        assertEquals(0, made.code(), made.err());
        String path = Stream.of("java.class.path", "jdk.module.path")
                .map(System::getProperty)
                .filter(p -> p != null && !p.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
        // A build in the background of a shell is made to ignore INT, and its children with it, unless a shell of their
        // own undoes that.
        Process process = new ProcessBuilder(Stream.concat(
                Stream.of("env", "--default-signal=INT",
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "--add-modules=jdk.incubator.vector", "--enable-native-access=ALL-UNNAMED",
                        "-Dllams.terminals=02", "-cp", path, Main.class.getName()),
                Stream.of("chat", "-m", model.toString(), "-n", "90000", "--context", "100000", "--temp", "0",
                        "--threads", "1"))
                .toList()).redirectError(directory.resolve("err").toFile()).start();
        try (OutputStream in = process.getOutputStream();
                BufferedReader out = new BufferedReader(
                        new InputStreamReader(process.getInputStream(), StandardCharsets.ISO_8859_1))) {
            awaitPrompts(process, 1);
            for (int answer = 1; answer <= 2; answer++) {
                in.write("go on\n".getBytes(StandardCharsets.UTF_8));
                in.flush();
                assertTrue(out.read() >= 0, this::said);
                interrupt(process);
                // It would have taken minutes.
                awaitPrompts(process, 1 + answer);
                while (out.ready()) {
                    out.read();
                }
            }
            interrupt(process);
            assertEquals(130, process.waitFor(), this::said);
        } finally {
            process.destroyForcibly();
        }
    }

    private void awaitPrompts(Process process, int count) throws InterruptedException {
        while (said().split("> ", -1).length <= count) {
            assertTrue(process.isAlive(), this::said);
            Thread.sleep(20);
        }
    }

    private static void interrupt(Process process) throws IOException, InterruptedException {
        new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start().waitFor();
    }

    private String said() {
        try {
            return Files.readString(directory.resolve("err"));
        } catch (IOException e) {
            return e.toString();
        }
    }
}

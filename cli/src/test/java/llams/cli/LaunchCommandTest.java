package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A run that fails is started again with `--resume`, a bounded number of times.
class LaunchCommandTest {
    @TempDir
    Path directory;

    private record Launched(int code, String messages, List<String> attempts) {}

    /// Launches a script that notes its arguments and ends with one of these codes, the last one from then on.
    private Launched launch(int restarts, int... codes) throws IOException {
        Path attempts = directory.resolve("attempts");
        StringBuilder script = new StringBuilder("echo \"$@\" >> " + attempts + "\nset -- $(wc -l < " + attempts + ")");
        for (int code : codes) {
            script.append("\n[ $1 -gt 1 ] || exit ").append(code).append("\nset -- $(($1 - 1))");
        }
        Path program = Files.writeString(directory.resolve("program.sh"), script + "\nexit " + codes[codes.length - 1]);
        ByteArrayOutputStream messages = new ByteArrayOutputStream();
        int code = Main.run(
                new String[] {"launch", "--wait", "0", "--restarts", String.valueOf(restarts), "--", "sh",
                        program.toString(), "train", "--out", directory.resolve("out").toString()},
                InputStream.nullInputStream(), OutputStream.nullOutputStream(), messages);
        List<String> lines = new ArrayList<>(Files.readAllLines(attempts));
        return new Launched(code, messages.toString(StandardCharsets.UTF_8), lines);
    }

    @Test
    void startsAgainFromTheNewestSave() throws IOException {
        Files.createDirectories(directory.resolve("out/step-000040"));
        Launched launched = launch(3, 1, 137, 0);
        assertEquals(0, launched.code, launched.messages);
        String out = "train --out " + directory.resolve("out");
        assertEquals(List.of(out, out + " --resume", out + " --resume"), launched.attempts);
        assertTrue(launched.messages.contains(
                "ended with exit code 137; starting again from " + directory.resolve("out/step-000040") + " (2 of 3)"),
                launched.messages);
    }

    @Test
    void givesUp() throws IOException {
        Launched launched = launch(2, 5);
        assertEquals(5, launched.code);
        assertEquals(3, launched.attempts.size());
        assertTrue(
                launched.messages.contains(
                        "started 3 times, and each attempt failed, the last with exit code 5; there is no save"),
                launched.messages);
    }

    @Test
    void wrongUsageIsNotRepeated() throws IOException {
        Launched launched = launch(3, Console.WRONG_USAGE);
        assertEquals(Console.WRONG_USAGE, launched.code);
        assertEquals(1, launched.attempts.size());
    }

    /// A worker that is told to stop ends the run in order, with this code.
    @Test
    void anInterruptedRunIsNotRepeated() throws IOException {
        Launched launched = launch(3, Console.STOPPED);
        assertEquals(Console.STOPPED, launched.code);
        assertEquals(1, launched.attempts.size());
        assertEquals("", launched.messages);
    }
}

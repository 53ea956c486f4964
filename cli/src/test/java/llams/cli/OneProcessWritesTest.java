package llams.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.util.Map;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.ParameterException;

/// Under a launcher, what several processes would all write is refused, and nothing else.
class OneProcessWritesTest {
    private static void check(int processes, String... args) {
        CommandLine commandLine = Main.commandLine(InputStream.nullInputStream(), System.out, System.err, args);
        OneProcess.check(commandLine.parseArgs(args), Map.of("OMPI_COMM_WORLD_SIZE", String.valueOf(processes)));
    }

    @Test
    void onlyOneMayWrite() {
        String[] merge = {"merge", "adapter", "--base", "b", "--adapter", "a", "--out", "o"};
        ParameterException refused = assertThrows(ParameterException.class, () -> check(2, merge));
        assertTrue(refused.getMessage().startsWith("this is the work of one process, and 2 were started"),
                refused.getMessage());
        assertThrows(ParameterException.class, () -> check(4, "download", "a/b", "--to", "o"));
        assertDoesNotThrow(() -> check(1, merge));
    }

    @Test
    void sharedWorkAndReadingIsFree() {
        assertDoesNotThrow(() -> check(2, "train", "-m", "m", "--data", "d", "--out", "o"));
        assertDoesNotThrow(() -> check(2, "recipe", "run", "r.yaml", "--out", "o"));
        assertDoesNotThrow(() -> check(2, "demo", "--out", "o"));
        assertDoesNotThrow(() -> check(2, "info", "m"));
    }
}

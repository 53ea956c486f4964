package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;

class ExitCodesAndErrorsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''              | llams: which command? 'llams --help' lists them",
                "devicse         | llams: unmatched argument at index 0: 'devicse' (did you mean devices?); see 'llams --help'",
                "devices --jsn   | llams devices: unknown option: '--jsn' (did you mean --json?); see 'llams devices --help'",
                "tokenize        | llams tokenize: missing required option '--tokenizer=DIR_OR_FILE'; see 'llams tokenize --help'",
                "generate --modle x -p y | llams generate: unknown options: '--modle', 'x' (did you mean --model?); see 'llams generate --help'",
            })
    void wrongUsageIsOneLineAndExitCode2(String args, String line) {
        Llams run = Llams.run(args.isEmpty() ? new String[0] : args.split(" "));
        assertEquals(new Llams(2, "", line + System.lineSeparator()), run);
    }

    @Test
    void aFailureIsOneLineAndExitCode1() {
        Llams run = Llams.run("tokenize", "--tokenizer", "no/such/place");
        assertEquals(1, run.code());
        assertEquals("", run.out());
        assertTrue(run.err().startsWith("llams: no/such/place: no such file"), run.err());
        assertEquals(1, run.err().lines().count());
    }

    @Test
    void verboseShowsTheStackTraceWhereverItStands() {
        for (String[] args : new String[][] {
            {"--verbose", "tokenize", "--tokenizer", "no/such/place"}, {"tokenize", "--tokenizer", "no/such/place", "--verbose"}
        }) {
            Llams run = Llams.run(args);
            assertEquals(1, run.code());
            assertTrue(run.err().contains("\tat "), run.err());
        }
    }

    @Test
    void helpAndVersionGoToStdout() {
        for (String command : new String[] {"--help", "-h", "--version", "tokenize --help", "devices -h", "completion --help"}) {
            Llams run = Llams.run(command.split(" "));
            assertEquals(0, run.code());
            assertEquals("", run.err());
            assertTrue(run.out().contains("llams"), run.out());
        }
    }

    @Test
    void everyCommandStandsInAGroupOfTheHelp() {
        CommandLine root = Main.commandLine(System.in, System.out, System.err);
        TreeSet<String> ungrouped = new TreeSet<>(root.getSubcommands().keySet());
        CommandGroups.GROUPS.values().forEach(ungrouped::removeAll);
        assertEquals(new TreeSet<>(), ungrouped);
    }

    @Test
    void aClosedPipeEndsQuietly() {
        Llams run = Llams.into(failing("Broken pipe"), new byte[0], "--help");
        assertEquals(new Llams(141, "", ""), run);
        assertEquals(new Llams(141, "", ""), Llams.into(failing("Broken pipe"), new byte[0], "devices"));
    }

    @Test
    void aFullDiskBehindStdoutIsAFailure() {
        Llams run = Llams.into(failing("No space left on device"), new byte[0], "devices");
        assertEquals(1, run.code());
        assertEquals("llams: cannot write to standard output: No space left on device" + System.lineSeparator(), run.err());
    }

    private static OutputStream failing(String message) {
        return new OutputStream() {
            @Override
            public void write(int b) throws IOException {
                throw new IOException(message);
            }
        };
    }

    @Test
    void devicesNamesTheCpuAndTheGpuOrWhyThereIsNone() {
        Llams run = Llams.run("devices", "--json");
        assertEquals(0, run.code());
        assertTrue(run.out().matches("\\{\"cpu\":\\{\"usable\":true,\"vectorBits\":\\d+,\"cores\":\\d+,\"memoryBytes\":\\d+},"
                + "\"gpu\":\\{\"usable\":(true|false,\"reason\":\".+\")}}\\R"), run.out());
        assertTrue(Llams.run("devices").out().matches("cpu  usable: .*\\Rgpu  (not )?usable: .*\\R"));
    }

    @Test
    void completionCoversTheCommands() {
        Llams run = Llams.run("completion");
        assertEquals(0, run.code());
        assertTrue(run.out().contains("tokenize") && run.out().contains("--tokenizer"), run.out());
    }
}

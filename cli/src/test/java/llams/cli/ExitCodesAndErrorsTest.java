package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

class ExitCodesAndErrorsTest {
    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"''              | llams: which command? 'llams --help' lists them",
                    "devicse         | llams: unmatched argument at index 0: 'devicse' (did you mean devices?); see"
                            + " 'llams --help'",
                    "devices --jsn   | llams devices: unknown option: '--jsn' (did you mean --json?); see 'llams"
                            + " devices --help'",
                    "tokenize        | llams tokenize: missing required option '--tokenizer=DIR_OR_FILE'; see 'llams"
                            + " tokenize --help'",
                    "generate --modle x -p y | llams generate: unknown options: '--modle', 'x' (did you mean --model?);"
                            + " see 'llams generate --help'",})
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
        for (String[] args : new String[][] {{"--verbose", "tokenize", "--tokenizer", "no/such/place"},
                {"tokenize", "--tokenizer", "no/such/place", "--verbose"}}) {
            Llams run = Llams.run(args);
            assertEquals(1, run.code());
            assertTrue(run.err().contains("\tat "), run.err());
        }
    }

    @Test
    void helpAndVersionGoToStdout() {
        for (String command : new String[] {"--help", "-h", "--version", "tokenize --help", "devices -h",
                "completion --help"}) {
            Llams run = Llams.run(command.split(" "));
            assertEquals(0, run.code());
            assertEquals("", run.err());
            assertTrue(run.out().contains("llams"), run.out());
        }
    }

    @Test
    void everyCommandStandsInAGroupOfTheHelp() {
        CommandLine root = Main.commandLine(System.in, System.out, System.err);
        TreeSet<String> ungrouped = new TreeSet<>();
        root.getSubcommands().values().forEach(command -> ungrouped.add(command.getCommandName()));
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
        assertEquals("llams: cannot write to standard output: No space left on device" + System.lineSeparator(),
                run.err());
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
        assertTrue(run.out()
                .matches("\\{\"cpu\":\\{\"usable\":true,\"vectorBits\":\\d+,\"cores\":\\d+,\"memoryBytes\":\\d+},"
                        + "\"gpu\":\\{\"usable\":(true|false,\"reason\":\".+\")}}\\R"),
                run.out());
        assertTrue(Llams.run("devices").out().matches("cpu  usable: .*\\Rgpu  (not )?usable: .*\\R"));
    }

    @Test
    void completionCoversTheCommands() {
        Llams run = Llams.run("completion");
        assertEquals(0, run.code());
        assertTrue(run.out().contains("tokenize") && run.out().contains("--tokenizer"), run.out());
    }

    /// picocli's script knows the values of an option by the name of its parameter.
    @Test
    void optionsOfACommandWithDifferentValuesHaveDifferentParameterNames() {
        HelpFitsAndItsExamplesParseTest.commands().forEach(command -> {
            Map<String, List<String>> values = new HashMap<>();
            for (OptionSpec option : command.getCommandSpec().options()) {
                if (option.completionCandidates() != null) {
                    List<String> own = new ArrayList<>();
                    option.completionCandidates().forEach(value -> own.add(value.toLowerCase(Locale.ROOT)));
                    List<String> other = values.putIfAbsent(option.paramLabel(), own);
                    assertTrue(other == null || other.equals(own), option.longestName());
                }
            }
        });
    }

    @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there may be no bash")
    @Test
    void bashCompletesCommandsOptionsValuesAndFiles(@TempDir Path directory) throws IOException {
        Files.writeString(directory.resolve("script"), Llams.run("completion").out());
        Files.createDirectory(directory.resolve("models"));
        for (String[] line : new String[][] {{"llams gen", "generate"}, {"./llams generate --max", "--max-tokens"},
                {"llams train --method ''", "lora full new-tokens dpo orpo simpo kto"},
                {"llams train --schedule l", "linear"}, {"llams generate --device ''", "cpu gpu auto"},
                {"llams generate -m mod", "models"}, {"llams init --config llama3.2", "llama3.2-1b llama3.2-3b"},
                {"llams merge ''", "chat-vector adapter linear slerp ties dare extract learn"},
                {"llams eval perplexity --data scr", "script"}, {"llams measure pre", "prefill"},
                {"llams train --targets g", "gate"}, {"llams train --special ''", "text parse error"},
                {"llams data show --color ''", "auto always never"},}) {
            int last = line[0].split(" ").length - 1;
            Process bash = new ProcessBuilder("bash", "-c",
                    "source ./script; COMP_WORDS=(" + line[0] + "); COMP_CWORD=" + last
                            + "; _complete_llams 2>/dev/null; echo ${COMPREPLY[*]}")
                    .directory(directory.toFile())
                    .start();
            assertEquals(line[1], new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip(),
                    line[0]);
        }
    }
}

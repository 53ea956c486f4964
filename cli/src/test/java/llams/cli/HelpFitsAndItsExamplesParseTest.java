package llams.cli;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

/// Every command's help can be read on a terminal of 80 columns, and what it shows can be typed.
class HelpFitsAndItsExamplesParseTest {
    private static final int COLUMNS = 80;
    /// A word of a shell's command line.
    private static final Pattern WORD = Pattern.compile("(?:[^\\s'\"|<>&;]+|'[^']*'|\"[^\"]*\")+");

    static Stream<CommandLine> commands() {
        List<CommandLine> all = new ArrayList<>();
        collect(Main.commandLine(System.in, System.out, System.err), all);
        return all.stream();
    }

    private static void collect(CommandLine command, List<CommandLine> all) {
        all.add(command);
        command.getSubcommands().values().forEach(sub -> collect(sub, all));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void helpFits(CommandLine command) {
        List<String> wide = command.getUsageMessage().lines().filter(line -> line.length() > COLUMNS).toList();
        assertEquals(List.of(), wide, command.getCommandName());
    }

    /// An example that is wrapped cannot be pasted.
    @ParameterizedTest
    @MethodSource("commands")
    void examplesAreOneLineEachAndParse(CommandLine command) {
        String help = command.getUsageMessage();
        for (String line : command.getCommandSpec().usageMessage().footer()) {
            if (!line.startsWith("  ")) {
                continue;
            }
            assertTrue(help.lines().anyMatch(line::equals), "wrapped: " + line);
            for (String one : line.split("[|]|&&|<\\(")) {
                parse(one.strip());
            }
        }
    }

    static void parse(String example) {
        int from = example.startsWith("llams ") ? 0 : example.indexOf(" llams ");
        if (from < 0) {
            return;
        }
        List<String> words = new ArrayList<>();
        Matcher matcher = WORD
                .matcher(example.substring(example.indexOf("llams ", from)).replaceFirst("(<|\\)).*", ""));
        while (matcher.find()) {
            words.add(matcher.group().replaceAll("['\"]", ""));
        }
        String[] args = words.subList(1, words.size()).toArray(String[]::new);
        CommandLine parser = Main.commandLine(System.in, System.out, System.err, args);
        assertDoesNotThrow(() -> parser.parseArgs(CommandArguments.marked(parser, args)), example);
    }

    @Test
    void theExamplesAreThere() {
        long without = commands().filter(command -> command.getSubcommands().isEmpty())
                .filter(command -> !String.join(" ", command.getCommandSpec().usageMessage().footer())
                        .contains("llams "))
                .count();
        assertEquals(0, without);
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;

/// Starting costs what the command line asks for, and nothing for the other commands.
class OnlyTheNamedCommandIsLoadedTest {
    private static final Pattern COMMAND = Pattern.compile("\\] (llams\\.cli\\.\\w+Command) source:");
    private static final Pattern LINKER = Pattern.compile("\\] java\\.lang\\.foreign\\.Linker source:");

    @Test
    void theVersionNeedsNoCommandAndNoLinker() throws Exception {
        String loaded = loaded("--version");
        assertTrue(loaded.contains("llams.cli.Version source:"), loaded);
        assertEquals(Set.of(), commands(loaded));
        assertTrue(LINKER.matcher(loaded).results().findAny().isEmpty(), "the foreign linker was loaded");
    }

    @Test
    void aCommandNeedsItself() throws Exception {
        assertEquals(Set.of("llams.cli.DevicesCommand"), commands(loaded("devices", "--help")));
    }

    @Test
    void helpCompletionAndTypingErrorsKnowAll() {
        for (String line : List.of("", "--help", "-h", "completion", "trian")) {
            List<String> names = new ArrayList<>();
            // One that has two names stands there twice.
            for (CommandLine command : Set
                    .copyOf(Main.commandLine(System.in, System.out, System.err, line).getSubcommands().values())) {
                names.add(command.getCommandName());
            }
            List<String> all = new ArrayList<>(CommandGroups.names());
            Collections.sort(names);
            Collections.sort(all);
            assertEquals(all, names, line);
        }
        assertEquals(Set.of("train"),
                Main.commandLine(System.in, System.out, System.err, "train").getSubcommands().keySet());
    }

    private static Set<String> commands(String loaded) {
        return COMMAND.matcher(loaded).results().map((MatchResult match) -> match.group(1)).collect(Collectors.toSet());
    }

    /// What a fresh JVM says it loads.
    private static String loaded(String... args) throws IOException, InterruptedException {
        String path = Stream.of("java.class.path", "jdk.module.path")
                .map(System::getProperty)
                .filter(value -> value != null && !value.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
        List<String> command = new ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "java").toString(), "-Xlog:class+load:stdout",
                        "--add-modules=jdk.incubator.vector", "-cp", path, Main.class.getName()));
        command.addAll(List.of(args));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(Console.DONE, process.waitFor(), said);
        return said;
    }
}

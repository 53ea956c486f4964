package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/// Every row of docs/FROM-TORCHTUNE.md names settings or a command that this program has.
class PeersKeysAreTriedTest {
    private static final Path DOCUMENT = Path.of(System.getProperty("llams.root"), "docs/FROM-TORCHTUNE.md");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");

    @TempDir
    static Path directory;
    private static PlannedTraining small;

    @BeforeAll
    static void create() throws IOException {
        small = PlannedTraining.in(directory);
        Llams adapter = Llams.run("train", "-m", directory.resolve("model").toString(), "--data",
                directory.resolve("book.txt").toString(), "--steps", "1", "--out",
                directory.resolve("adapter").toString(), "--no-report");
        assertEquals(0, adapter.code(), adapter.err());
    }

    /// The middle columns of the tables about commands and keys.
    static Stream<String> rows() throws IOException {
        String text = Files.readString(DOCUMENT);
        return text.substring(0, text.indexOf("\n## Files"))
                .lines()
                .filter(line -> line.startsWith("| ") && !line.contains("| here |"))
                .map(line -> line.split("(?<!\\\\)\\|")[2].strip().replace("\\|", "|"));
    }

    @ParameterizedTest
    @MethodSource("rows")
    void isTried(String here) throws IOException {
        List<String> code = CODE.matcher(here).results().map((MatchResult span) -> span.group(1)).toList();
        assertTrue(!code.isEmpty(), here);
        if (code.getFirst().startsWith("llams ")) {
            HelpFitsAndItsExamplesParseTest.parse(code.getFirst().replaceFirst(" > .*", ""));
        } else {
            assertTrue(small.plan(String.join("\n", code)).steps() > 0);
        }
    }

    @Test
    void allThreeAreThere() throws IOException {
        assertTrue(rows().count() > 100);
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import llams.cli.OptionsFile.Entry;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Every row of docs/FROM-TORCHTUNE.md names settings or a command that this program has. Rows that do not contradict
/// each other are planned together.
class PeersKeysAreTriedTest {
    private static final Path DOCUMENT = Path.of(System.getProperty("llams.root"), "docs/FROM-TORCHTUNE.md");
    private static final Pattern CODE = Pattern.compile("`([^`]+)`");
    /// Settings that do not go with those of all other rows.
    private static final Set<String> ALONE = Set.of("steps", "target-pattern", "from-adapter", "columns", "teacher");

    @TempDir
    Path directory;

    /// The code in the middle column of each row of the tables about commands and keys.
    private static List<List<String>> rows() throws IOException {
        String text = Files.readString(DOCUMENT);
        return text.substring(0, text.indexOf("\n## Files"))
                .lines()
                .filter(line -> line.startsWith("| ") && !line.contains("| here |"))
                .map(line -> line.split("(?<!\\\\)\\|")[2].strip().replace("\\|", "|"))
                .map(here -> CODE.matcher(here).results().map((MatchResult span) -> span.group(1)).toList())
                .toList();
    }

    @Test
    void everyRow() throws IOException {
        List<List<Entry>> runs = new ArrayList<>();
        List<List<String>> rows = rows();
        assertTrue(rows.size() > 140, rows.size() + " rows");
        for (List<String> row : rows) {
            assertFalse(row.isEmpty(), "a row without code");
            if (row.getFirst().startsWith("llams ")) {
                HelpFitsAndItsExamplesParseTest.parse(row.getFirst().replaceFirst(" > .*", ""));
            } else {
                add(OptionsFile.entries(row.toString(), String.join("\n", row)), runs);
            }
        }
        PlannedTraining small = PlannedTraining.in(directory);
        Llams adapter = Llams.run("train", "-m", directory.resolve("model").toString(), "--data",
                directory.resolve("book.txt").toString(), "--steps", "1", "--tokens", "16", "--out",
                directory.resolve("adapter").toString(), "--no-report");
        assertEquals(0, adapter.code(), adapter.err());
        for (List<Entry> run : runs) {
            assertTrue(small.plan(run).steps() > 0, run.toString());
        }
    }

    /// Adds a row to the first run that it goes with.
    private static void add(List<Entry> row, List<List<Entry>> runs) {
        for (List<Entry> run : runs) {
            if (goTogether(values(run), values(row))) {
                row.stream().filter(entry -> !values(run).containsKey(entry.key())).forEach(run::add);
                return;
            }
        }
        runs.add(new ArrayList<>(row));
    }

    private static boolean goTogether(Map<String, List<String>> run, Map<String, List<String>> row) {
        boolean isAlone = row.keySet().stream().anyMatch(ALONE::contains)
                || run.keySet().stream().anyMatch(ALONE::contains);
        return !isAlone && method(run).equals(method(row))
                && row.entrySet()
                        .stream()
                        .allMatch(one -> run.getOrDefault(one.getKey(), one.getValue()).equals(one.getValue()));
    }

    private static String method(Map<String, List<String>> settings) {
        return settings.getOrDefault("method", List.of("lora")).getFirst();
    }

    private static Map<String, List<String>> values(List<Entry> entries) {
        Map<String, List<String>> values = new LinkedHashMap<>();
        entries.forEach(entry -> values.put(entry.key(), entry.values()));
        return values;
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/// Train, eval perplexity, data stats and data show take the same files, and say the same of them.
class DataIsReadAlikeByEveryCommandTest {
    @TempDir
    static Path shared;

    @TempDir
    Path directory;

    static String model;

    @BeforeAll
    static void writeModel() throws IOException {
        model = SmallModel.create(shared).toString();
    }

    static List<List<String>> commands() {
        String tokenizer = shared.resolve("tokenizer.model").toString();
        return List.of(
                List.of("train", "-m", model, "--steps", "1", "--tokens", "64", "--out", "OUT", "--data", "FILE"),
                List.of("eval", "perplexity", "-m", model, "--data", "FILE"),
                List.of("data", "stats", "--tokenizer", tokenizer, "FILE"),
                List.of("data", "show", "--tokenizer", tokenizer, "FILE"));
    }

    private Llams run(List<String> command, Path file, String... options) {
        List<String> args = new ArrayList<>(command);
        args.replaceAll(arg -> arg.equals("FILE")
                ? file.toString()
                : arg.equals("OUT") ? directory.resolve("out").toString() : arg);
        args.addAll(List.of(options));
        return Llams.run(args.toArray(String[]::new));
    }

    private Path rows(String... rows) throws IOException {
        return Files.writeString(directory.resolve("d.jsonl"), String.join("\n", rows));
    }

    @ParameterizedTest
    @MethodSource("commands")
    void whatIsNotUsedIsNoted(List<String> command) throws IOException {
        Path file = rows("{\"text\": \"one <|eot_id|> two\", \"source\": \"x\"}", "{\"txt\": \"x\"}");
        Llams run = run(command, file);
        assertEquals(0, run.code(), run.err());
        for (String note : List.of("1 of 2 rows cannot be used and is skipped", file + ":2: no known form",
                "not used: \"source\" (1 row)", "<|eot_id|> (1, first at " + file + ":1)")) {
            assertTrue(run.err().contains(note), run.err());
        }
        assertEquals(1, run.err().lines().filter(line -> line.startsWith("note") && line.contains("not used")).count(),
                run.err());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void specialTextCanBeParsedOrForbidden(List<String> command) throws IOException {
        Path file = rows("{\"text\": \"one <|eot_id|>\"}");
        Llams refused = run(command, file, "--special", "error");
        assertEquals(1, refused.code());
        assertTrue(refused.err()
                .contains(
                        "llams: texts contain <|eot_id|> (1, first at " + file + ":1), which --special error forbids"),
                refused.err());
        Llams parsed = run(command, file, "--special", "parse");
        assertEquals(0, parsed.code(), parsed.err());
        assertFalse(parsed.err().contains("contain"), parsed.err());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void theLimitOfUnusableRowsCanBeSet(List<String> command) throws IOException {
        Path file = rows("{\"text\": \"one\"}", "{\"txt\": \"x\"}");
        Llams run = run(command, file, "--max-bad-rows", "0");
        assertEquals(1, run.code());
        assertTrue(run.err().contains("llams: " + file + ":2: no known form"), run.err());
        assertEquals(2, run(command, file, "--max-bad-rows", "-1").code());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void columnsAndPartsOfFiles(List<String> command) throws IOException {
        Path file = rows("{\"body\": \"one two three\"}", "{\"body\": \"four\"}");
        Path half = Path.of(file + "[:50%]");
        assertEquals(2, run(command, file, "--columns", "txt=body").code());
        Llams unknown = run(command, file, "--columns", "text=bdy");
        assertEquals(1, unknown.code());
        assertTrue(unknown.err().contains("no row has a column \"bdy\" (--columns text=bdy); the columns are body"),
                unknown.err());
        Llams run = run(command, half, "--columns", "text=body");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err().contains(half + ": rows 0 to 0 of 2"), run.err());
    }

    @Test
    void filesAreMixedByTheirWeights() throws IOException {
        Path one = Files.writeString(directory.resolve("one.txt"), "one ".repeat(200));
        Path two = Files.writeString(directory.resolve("two.txt"), "two ".repeat(100));
        List<String> train = new ArrayList<>(commands().getFirst());
        train.set(train.indexOf("1"), "2");
        train.add(two.toString());
        Llams run = run(train, one, "--data-weights", "1,3");
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err()
                .lines()
                .anyMatch(line -> line.startsWith("note      " + two + ": ")
                        && line.contains(" sequences in each epoch, ")),
                run.err());
        assertTrue(Files.readString(directory.resolve("out/train.yaml")).contains("data-weights: [1.0, 3.0]"));
        train.set(train.indexOf("2"), "3");
        Llams other = run(train, one, "--data-weights", "1,1", "--resume");
        assertEquals(1, other.code());
        assertTrue(other.err().contains("data-weights: was 1,3, is now 1,1"), other.err());
        Llams wrong = run(train, one, "--data-weights", "1");
        assertEquals(2, wrong.code());
        assertTrue(wrong.err().contains("--data-weights must be one for each of the 2 files"), wrong.err());
    }

    @Test
    void theOptionsStandInYamlToo() throws IOException {
        Path file = rows("{\"text\": \"one <|eot_id|>\"}");
        Path yaml = Files.writeString(directory.resolve("run.yaml"), "special: parse\nmax-bad-rows: 3\n");
        Llams run = run(commands().getFirst(), file, "--config", yaml.toString());
        assertEquals(0, run.code(), run.err());
        assertTrue(run.err().contains("1 documents, 6 tokens"), run.err());
        Llams printed = run(commands().getFirst(), file, "--config", yaml.toString(), "--print-config");
        assertTrue(printed.out().contains("special: parse") && printed.out().contains("max-bad-rows: 3"),
                printed.out());
    }

    @ParameterizedTest
    @ValueSource(strings = {"train", "data show", "data stats", "eval perplexity"})
    void helpFitsEightyColumns(String command) {
        List<String> args = new ArrayList<>(List.of(command.split(" ")));
        args.add("--help");
        run(args, directory).out().lines().forEach(line -> assertTrue(line.length() <= 80, line));
    }

    @Test
    void helpOfTrainHasALineForEachForm() {
        String help = Llams.run("train", "--help").out();
        for (String keys : List.of("text", "messages", "conversations", "instruction", "prompt\": Q, \"response",
                "prompt\": Q, \"chosen", "question", "q_ko", "ids")) {
            assertEquals(1, help.lines().filter(line -> line.contains("{\"" + keys + "\":")).count(), keys);
        }
    }
}

package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import llams.engine.weights.ConfigJson;
import llams.engine.weights.Quantization;
import llams.model.merge.ChatVector;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class RecipeCommandTest {
    private static final String MORE = """
            stages:
              more: {kind: extend, model: OUT/base, text: OUT/data/village.txt, tokens: 20}
              rows: {kind: train, model: $more, method: new-tokens, data: OUT/data/village.txt, tokens: 64, steps: 2}
              learned:
                {kind: merge learn, base: OUT/base, instruct: OUT/instruct, tuned: OUT/tuned, steps: 2, tokens: 64,
                 data: OUT/data/pairs-heldout.jsonl, eval-data: OUT/data/village-heldout.txt}
              bits: {kind: eval perplexity, model: $more, data: OUT/data/village-heldout.txt, tokens: 64}
              again: {kind: eval perplexity, model: $more, data: OUT/data/village.txt, tokens: 64}
              loaded: {kind: eval perplexity, model: $more, weights: nf4, data: OUT/data/village.txt, tokens: 64}
              small: {kind: quantize, model: $more, dtype: nf4}
              stored: {kind: eval perplexity, model: $small, data: OUT/data/village.txt, tokens: 64}
            """;

    @TempDir
    static Path directory;
    private static Path recipe;
    private static Path out;

    @BeforeAll
    static void runOnce() throws IOException {
        recipe = RecipeFiles.write(directory);
        out = directory.resolve("out");
        Llams first = run();
        assertEquals(0, first.code(), first.err());
        assertEquals(13, begun(first).size(), first.err());
    }

    private static Llams run(String... more) {
        List<String> args = new ArrayList<>(
                List.of("recipe", "run", recipe.toString(), "--out", out.toString(), "--threads", "1"));
        args.addAll(List.of(more));
        return Llams.run(args.toArray(String[]::new));
    }

    /// Names of the stages that ran.
    private static List<String> begun(Llams run) {
        return run.err()
                .lines()
                .filter(line -> line.startsWith("== "))
                .map(line -> line.replaceFirst("== \\S+ (\\S+):.*", "$1"))
                .toList();
    }

    @Test
    void aSecondRunDoesNothing() throws IOException {
        Map<String, String> before = RecipeFiles.results(out);
        Llams again = run();
        assertEquals(0, again.code(), again.err());
        assertEquals("", again.err());
        assertEquals(before, RecipeFiles.results(out));
        assertTrue(again.out().lines().filter(line -> line.contains("done in ")).count() == 13, again.out());
    }

    /// The same scale again gives the same bytes again.
    @Test
    void anotherScaleRunsWhatDependsOnIt() throws IOException {
        Map<String, String> before = RecipeFiles.results(out);
        Llams dry = run("--set", "scale=0.5", "--dry-run");
        assertTrue(dry.out().contains("changed: scale 1.0 -> 0.5"), dry.out());
        assertEquals(before, RecipeFiles.results(out));
        List<String> depending = List.of("merged", "mean", "adapter", "final", "loss-merged", "loss-final");
        assertEquals(depending, begun(run("--set", "scale=0.5")));
        Map<String, String> after = RecipeFiles.results(out);
        new TreeMap<>(after).forEach((file, hash) -> {
            if (file.equals("merged/model.safetensors") || file.equals("final/model.safetensors")) {
                assertNotEquals(before.get(file), hash, file);
            } else if (!depending.contains(file.substring(0, file.indexOf('/')))) {
                assertEquals(before.get(file), hash, file);
            }
        });
        assertEquals(depending, begun(run()));
        assertEquals(before, RecipeFiles.results(out));
    }

    /// Threads, the place and how often a training is saved are not what a result depends on.
    @Test
    void howTheWorkIsDoneIsNoChange() throws IOException {
        String text = Files.readString(recipe);
        Files.writeString(recipe, text.replace("save-every: 5", "save-every: 7"));
        try {
            assertEquals(List.of(), begun(run("--threads", "2")));
        } finally {
            Files.writeString(recipe, text);
        }
    }

    @Test
    void figuresAreJson() {
        Llams show = Llams.run("recipe", "show", recipe.toString(), "--out", out.toString(), "--json");
        assertEquals(0, show.code(), show.err());
        assertTrue(show.out()
                .matches("(?s)\\{\"stages\":\\[\\{\"name\":\"data\",\"kind\":\"data example\",\"state\":\"done\".*"),
                show.out());
        assertTrue(show.out().contains("\"losses\":{\"text\":"), show.out());
    }

    @Test
    void shippedRecipesAreListedAndCanBeCopied() {
        Llams list = Llams.run("recipe", "list");
        assertTrue(list.out().contains("\n  korean-llama3-8b   Korean Llama 3 8B: "), list.out());
        Llams yaml = Llams.run("recipe", "show", "korean-llama3-8b", "--yaml");
        assertTrue(yaml.out().contains("repo: meta-llama/Meta-Llama-3-8B-Instruct\n"), yaml.out());
    }

    /// Nothing has to be there yet: shapes are those of the published models.
    @Test
    void aForecastNamesMemoryDiskAndTime() {
        Llams dry = Llams.run("recipe", "run", "korean-llama3-8b", "--dry-run", "--out",
                directory.resolve("no").toString());
        assertTrue(dry.out()
                .matches("(?s).*korean-adapter +train +will run: new\\s+memory 6.54 GiB \\+ 15.0 GiB mapped,"
                        + " disk 16.3 GiB, about .*"),
                dry.out());
        assertTrue(dry.out().matches("(?s).*\\ntogether at least 93.1 GiB on the disk, which has .* GFLOP/s .*"),
                dry.out());
        // The adapter of rank 128, 1.25 GiB, and parts of the models; three models and parts of them.
        assertTrue(dry.out().matches("(?s).*korean +merge adapter .*?\\R *memory 1.26 GiB \\+ 15.0 GiB mapped, .*"),
                dry.out());
        assertTrue(dry.out()
                .matches("(?s).*merged +merge chat-vector .*?\\R *memory "
                        + Pattern.quote(MachineMemory.text(ChatVector.memoryBytes()))
                        + " \\+ 44.9 GiB mapped, disk 15.0 GiB, about .*"),
                dry.out());
        assertTrue(Files.notExists(directory.resolve("no")));
    }

    @ParameterizedTest
    @CsvSource({"demo, 13", "korean-llama3-8b, 18", "korean-llama3.2-1b, 18", "bilingual-small, 30"})
    void shippedRecipesCanBeRead(String name, int stages) {
        Llams dry = Llams.run("recipe", "run", name, "--dry-run", "--json", "--out",
                directory.resolve("no").toString());
        assertEquals(0, dry.code(), dry.err());
        assertEquals(stages, dry.out().split("\"state\":").length - 1, dry.out());
        // Shapes of other models are in files that are not there yet.
        if (name.startsWith("korean")) {
            assertEquals(stages, dry.out().split("\"memoryBytes\":").length - 1, dry.out());
        }
    }

    @ParameterizedTest
    @CsvSource(delimiter = '|', quoteCharacter = '\0', textBlock = """
            {kind: train, modl: x} | small.yaml:1: stage a: "train" has no setting "modl"; did you mean model?
            {kind: train, resume: true} | "train" has no setting "resume"
            {kind: train, lr: fast} | stage a: Invalid value for option '--lr': 'fast' is not a double
            {kind: train, pack: 5} | pack must be true or false, not 5
            {kind: merge chatvector} | there is no kind "merge chatvector"; did you mean merge chat-vector?
            {kind: dance} | there is no kind "dance"; it is one of download, data example
            {kind: merge chat-vector, base: x} | Missing required options: '--instruct=DIR', '--tuned=DIR'
            {kind: data pairs, file: x} | "data pairs" has no setting "file"; what it takes is called pairs
            {kind: quantize, model: gone} | stage a: gone is missing; put it there
            """)
    void mistakesAreNamedBeforeAnythingRuns(String stage, String message) throws IOException {
        Path wrong = Files.writeString(Files.createTempDirectory(directory, "wrong").resolve("small.yaml"),
                "stages: {a: " + stage + "}\n");
        Llams run = Llams.run("recipe", "run", wrong.toString(), "--out", wrong.resolveSibling("out").toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains(message), run.err());
        assertEquals(List.of(), begun(run));
    }

    private static long needs(JsonNode stages, String name, String what) {
        return stages.valueStream()
                .filter(stage -> stage.get("name").asString().equals(name))
                .findFirst()
                .orElseThrow()
                .get("forecast")
                .get(what)
                .asLong();
    }

    /// Which rows are new is known only when there is an extended model; what it will need, before.
    @Test
    void tokensAndScalesAreLearned() throws IOException {
        Path file = Files.writeString(directory.resolve("more.yaml"), MORE.replace("OUT", out.toString()));
        String to = directory.resolve("more").toString();
        Llams dry = Llams.run("recipe", "run", file.toString(), "--out", to, "--dry-run", "--json");
        JsonNode stages = JsonMapper.shared().readTree(dry.out()).get("stages");
        assertTrue(needs(stages, "more", "memoryBytes") > 1 << 20 && needs(stages, "more", "diskBytes") > 1 << 16);
        long plain = 4 * 2 * 32 * (32 + 16 + 16 + 32 + 3 * 48);
        long quantized = ModelNeeds.quantizedBytes(ConfigJson.readFile(directory.resolve("config.json")),
                Quantization.NF4);
        assertEquals(plain, needs(stages, "again", "mappedBytes") - needs(stages, "loaded", "mappedBytes"));
        for (String other : List.of("memoryBytes", "mappedBytes")) {
            assertEquals(other.startsWith("memory") ? quantized : -quantized,
                    needs(stages, "loaded", other) - needs(stages, "stored", other));
        }
        Llams run = Llams.run("recipe", "run", file.toString(), "--out", to);
        assertEquals(0, run.code(), run.err());
        String page = Files.readString(directory.resolve("more/report.html"));
        for (String part : List.of("<th>per Korean letter</th>", "<th>0.15</th>", "<th>1.50</th><th>learned</th>",
                "<tr><th>more, before</th>", "<tr><th>again</th>")) {
            assertTrue(page.contains(part), part);
        }
    }

    @Test
    void aFailureEndsTheRunWithItsMessage() throws IOException {
        Path file = Files.writeString(directory.resolve("fails.yaml"), """
                stages:
                  a: {kind: eval perplexity, model: %s, data: %s, tokens: 5000}
                  b: {kind: data example}
                """.formatted(out.resolve("base"), recipe));
        Llams run = Llams.run("recipe", "run", file.toString(), "--out", directory.resolve("failed").toString());
        assertEquals(1, run.code());
        assertTrue(run.err().contains("--tokens 5000 is longer than the model allows"), run.err());
        assertEquals(List.of("a"), begun(run));
    }
}

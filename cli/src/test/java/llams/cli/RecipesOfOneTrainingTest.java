package llams.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.engine.graph.Leaf;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.Parameters;
import llams.engine.plan.Program;
import llams.engine.tensor.DType;
import llams.engine.weights.KnownShapes;
import llams.engine.weights.Quantization;
import llams.trainer.recipe.Recipe;
import llams.trainer.run.Forecast;
import llams.trainer.run.TrainSettings;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.snakeyaml.engine.v2.api.Load;
import org.snakeyaml.engine.v2.api.LoadSettings;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What the program ships to start a training from can be run, needs the memory that it says, and is what the schema
/// allows.
class RecipesOfOneTrainingTest {
    private static final Path SCHEMA = Path.of(System.getProperty("llams.root"), "docs/train.schema.json");
    private static final Set<String> KEYS = OptionsFile.known(CommandSpec.forAnnotatedObject(new TrainCommand()))
            .keySet();
    private static final Pattern SUGGESTED = Pattern.compile("(?m)^# ([a-z-]+)(?=: )");
    private static final Pattern MEMORY = Pattern.compile("(?m)^# Memory: about (\\S+) GiB");
    private static final String PAIR = "{\"q_ko\": \"안녕?\", \"a_ko\": \"안녕!\", \"q_en\": \"Hi?\", \"a_en\": \"Hi!\"}\n";

    @TempDir
    static Path directory;
    private static PlannedTraining small;

    @BeforeAll
    static void create() throws IOException {
        small = PlannedTraining.in(directory);
        Files.writeString(directory.resolve("korean.jsonl"), PAIR);
    }

    static Stream<String> shipped() {
        return TrainingRecipe.SHIPPED.stream();
    }

    /// With what their comments suggest, too.
    private static String withSuggestions(String name) throws IOException {
        Matcher suggested = SUGGESTED.matcher(TrainingRecipe.shipped(name).text());
        return suggested.replaceAll((MatchResult key) -> Matcher
                .quoteReplacement(KEYS.contains(key.group(1)) ? key.group(1) : key.group()));
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void canBeRun(String name) throws IOException {
        String all = withSuggestions(name);
        assertTrue(all.contains("\neval-data: ") && all.contains("\neval-every: "), all);
        String yaml = all.replaceFirst("(?m)^model: .*", "model: model");
        yaml = name.startsWith("korean-pairs") ? yaml.replace("data: pairs.jsonl", "data: korean.jsonl") : yaml;
        assertTrue(small.plan(OptionsFile.entries(name, yaml)).steps() > 0);
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void needsTheMemoryThatItSays(String name) throws IOException {
        String text = TrainingRecipe.shipped(name).text();
        Matcher said = MEMORY.matcher(text);
        assertTrue(said.find());
        double bytes = memory(name, text).total();
        assertEquals(1, Double.parseDouble(said.group(1)) * (1L << 30) / bytes, 0.02, MachineMemory.text((long) bytes));
    }

    private static Program.Memory memory(String name, String text) throws IOException {
        String[] args = {"train", "--config", name};
        CommandLine main = Main.commandLine(InputStream.nullInputStream(), System.out, System.err, args);
        TrainCommand train = (TrainCommand) main.parseArgs(args).subcommand().commandSpec().userObject();
        train.configure();
        train.complete();
        String model = train.options.model.toString().replaceAll("^Meta-|-Instruct$", "");
        LlamaConfig shape = KnownShapes.BY_NAME.get(model.toLowerCase().replace("llama-", "llama"));
        Parameters stored = (key, dims) -> Leaf.weight(key, DType.BF16, dims);
        Quantization used = train.weights.form.quantization;
        TrainSettings settings = train.options.completed().forModel(shape);
        return Forecast.of(shape, used == null ? stored : used.leaves(stored), settings);
    }

    @ParameterizedTest
    @MethodSource("shipped")
    void isWhatTheSchemaAllows(String name) throws IOException {
        JsonNode schema = JsonMapper.shared().readTree(Files.readString(SCHEMA));
        Object values = new Load(LoadSettings.builder().build()).loadFromString(withSuggestions(name));
        ((Map<?, ?>) values).forEach((key, value) -> {
            JsonNode property = schema.path("properties").path(key.toString());
            assertTrue(!property.isMissingNode() && allows(property, value), key + ": " + value);
        });
    }

    /// The part of JSON Schema that [OptionsSchema] writes.
    private static boolean allows(JsonNode schema, Object value) {
        if (schema.has("anyOf")) {
            return schema.path("anyOf").valueStream().anyMatch(one -> allows(one, value));
        }
        if (schema.has("enum")) {
            return schema.path("enum").valueStream().anyMatch(one -> one.asString().equals(value));
        }
        if (schema.path("type").isArray()) {
            return schema.path("type").valueStream().anyMatch(type -> is(type.asString(), value));
        }
        return is(schema.path("type").asString(), value) && (!(value instanceof List<?> list)
                || list.stream().allMatch(item -> allows(schema.path("items"), item)));
    }

    private static boolean is(String type, Object value) {
        return switch (type) {
            case "string" -> value instanceof String;
            case "integer" -> value instanceof Integer;
            case "number" -> value instanceof Number;
            case "boolean" -> value instanceof Boolean;
            case "array" -> value instanceof List;
            default -> throw new AssertionError(type);
        };
    }

    @Test
    void theSchemaFollowsTheOptions() throws IOException {
        Llams schema = Llams.run("recipe", "schema");
        assertEquals(Files.readString(SCHEMA), schema.out(), "run 'llams recipe schema > docs/train.schema.json'");
    }

    @Test
    void bothKindsAreListedAndShown() throws IOException {
        Llams list = Llams.run("recipes");
        for (List<String> names : List.of(TrainingRecipe.SHIPPED, Recipe.SHIPPED)) {
            for (String name : names) {
                assertTrue(list.out().contains("\n  " + name + " "), name);
            }
        }
        assertEquals(list, Llams.run("recipe", "list"));
        assertEquals(new Llams(0, TrainingRecipe.shipped("laptop-chat").text(), ""),
                Llams.run("recipes", "show", "laptop-chat"));
    }

    @Test
    void eachKindNamesTheCommandThatRunsIt() throws IOException {
        Path stages = Files.writeString(directory.resolve("stages.yaml"),
                "values: {a: 1}\nstages: {a: {kind: data example}}\n");
        Path one = Files.writeString(directory.resolve("one.yaml"), "lr: 1e-4\n");
        for (String name : List.of("demo", stages.toString())) {
            assertEquals(new Llams(1, "",
                    "llams: " + name + " is a recipe of many stages; run it with 'llams recipe run " + name + "'\n"),
                    Llams.run("train", "--config", name));
        }
        for (String name : List.of("laptop-chat", one.toString())) {
            assertEquals(
                    new Llams(1, "",
                            "llams: " + name + " has no stages; run it with 'llams train --config " + name + "'\n"),
                    Llams.run("recipe", "run", name));
        }
        assertEquals(
                new Llams(1, "",
                        "llams: laptop-chta: neither a file nor a recipe of one training; did you mean laptop-chat?\n"),
                Llams.run("train", "--config", "laptop-chta"));
    }
}

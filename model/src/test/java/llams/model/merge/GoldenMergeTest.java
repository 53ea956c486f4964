package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.model.files.ByteProgress;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.MergeConfig.Source;
import llams.model.merge.config.MergeConfigFile;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Merges agree with PyTorch's bit for bit. The files are those of the project, or those given by
/// `-Dllams.golden2=DIR`.
class GoldenMergeTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "model/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode VALUES = Golden.json(DIRECTORY.resolve("manifest.json"))
            .path("parts")
            .path("merges")
            .path("values");

    @TempDir
    Path temporary;

    private static Path file(String name) {
        Path file = DIRECTORY.resolve("merges").resolve(name);
        Golden.orSkip(Files.exists(file), "this set of golden files has no merges/" + name);
        return file;
    }

    @TestFactory
    List<DynamicTest> everyMethod() {
        JsonNode methods = Golden.partOrSkip(VALUES, "methods");
        List<DynamicTest> tests = new ArrayList<>();
        methods.properties()
                .forEach(method -> tests.add(
                        DynamicTest.dynamicTest(method.getKey(), () -> agrees(method.getKey(), method.getValue()))));
        assertTrue(!tests.isEmpty());
        return tests;
    }

    private void agrees(String name, JsonNode method) throws IOException {
        Path out = temporary.resolve(name);
        ModelMerge.merge(config(method), out, ByteProgress.SILENT);
        try (Checkpoint golden = Checkpoint.open(file(name + ".safetensors"));
                Checkpoint actual = Checkpoint.open(out)) {
            assertEquals(new TreeSet<>(golden.names()), new TreeSet<>(actual.names()));
            for (String tensor : golden.names()) {
                assertEquals(golden.info(tensor), actual.info(tensor));
                assertSame(golden.tensor(tensor), actual.tensor(tensor), tensor);
            }
        }
    }

    private static void assertSame(Tensor golden, Tensor actual, String what) {
        int different = 0;
        for (long i = 0; i < golden.elements(); i++) {
            different += golden.getFloat(i) == actual.getFloat(i) ? 0 : 1;
        }
        assertEquals(0, different, what);
        assertEquals(-1, golden.data().mismatch(actual.data()), what);
    }

    private static MergeConfig config(JsonNode method) {
        String kind = method.get("method").asString();
        boolean normalize = method.path("normalize").asBoolean(false);
        MergeConfig config = switch (kind) {
            case "linear" -> weighted(Method.LINEAR, null, models(method.get("models")), method);
            case "slerp" -> MergeConfig.of(Method.SLERP, file(method.get("first").asString()),
                    List.of(new Source(file(method.get("second").asString()), Map.of())),
                    Map.of("t", patterns(method.get("t_patterns"), method.get("t").asDouble())));
            case "task arithmetic" -> weighted(Method.TASK_ARITHMETIC, file("base"), List.of("a", "b"), method);
            case "ties" -> weighted(Method.TIES, file("base"), List.of("a", "b"), method);
            case "dare, linear" -> weighted(Method.DARE_LINEAR, file("base"), List.of("a", "b"), method);
            case "dare, ties" -> weighted(Method.DARE_TIES, file("base"), List.of("a", "b"), method);
            case "chat vector: b + scale * (a - base)" -> MergeConfig.of(Method.CHAT_VECTOR, file("base"),
                    List.of(new Source(file("b"), Map.of()), new Source(file("a"), Map.of())),
                    Map.of("scale", chatVectorScales(method)));
            default -> throw new IllegalArgumentException("no method \"" + kind + "\"");
        };
        return config.withNormalize(normalize).withSeed(method.path("seed").asLong(0));
    }

    private static List<String> models(JsonNode names) {
        List<String> models = new ArrayList<>();
        names.forEach(name -> models.add(name.asString()));
        return models;
    }

    private static MergeConfig weighted(Method method, Path base, List<String> models, JsonNode values) {
        Map<String, Setting> parameters = new HashMap<>();
        for (String name : List.of("density", "lambda")) {
            if (values.has(name)) {
                parameters.put(name, new Setting.Constant(values.get(name).asDouble()));
            }
        }
        List<Source> sources = new ArrayList<>();
        for (int m = 0; m < models.size(); m++) {
            double weight = values.get("weights").get(m).asDouble();
            sources.add(new Source(file(models.get(m)), Map.of("weight", new Setting.Constant(weight))));
        }
        return MergeConfig.of(method, base, sources, parameters);
    }

    private static Setting patterns(JsonNode patterns, double otherwise) {
        List<Setting.Case> cases = new ArrayList<>();
        patterns.forEach(pattern -> cases
                .add(Setting.Case.of(pattern.get(0).asString(), new Setting.Constant(pattern.get(1).asDouble()))));
        cases.add(Setting.Case.of(null, new Setting.Constant(otherwise)));
        return new Setting.Filtered(cases);
    }

    private static Setting chatVectorScales(JsonNode method) {
        List<Setting.Case> cases = new ArrayList<>();
        Setting.Filtered patterns = (Setting.Filtered) patterns(method.get("patterns"), 0);
        cases.addAll(patterns.cases().subList(0, patterns.cases().size() - 1));
        method.get("layers")
                .properties()
                .forEach(layer -> cases.add(Setting.Case.of("^model\\.layers\\." + layer.getKey() + "\\.",
                        new Setting.Constant(layer.getValue().asDouble()))));
        cases.add(Setting.Case.of(null, new Setting.Constant(method.get("default").asDouble())));
        return new Setting.Filtered(cases);
    }

    @Test
    void arcsBetweenVectors() throws IOException {
        try (Arena arena = Arena.ofShared(); Checkpoint vectors = Checkpoint.open(file("slerp_vectors.safetensors"))) {
            for (Map.Entry<String, JsonNode> pair : Golden.partOrSkip(VALUES, "slerp_vectors").properties()) {
                for (String t : List.of("0.0", "0.25", "1.0")) {
                    Tensor first = vectors.tensor(pair.getKey() + ".first");
                    Tensor second = vectors.tensor(pair.getKey() + ".second");
                    Tensor expected = vectors.tensor(pair.getKey() + ".t" + t);
                    int count = (int) first.elements();
                    Workspace work = new Workspace(arena, 2);
                    work.inputs[0].read(first, 0, count);
                    work.inputs[1].read(second, 0, count);
                    Slerp.Sums sums = Slerp.Sums.of(work.inputs[0].values, work.inputs[1].values, count);
                    assertEquals(pair.getValue().get("dot").asDouble(), sums.cosine(), 1e-12, pair.getKey());
                    Slerp slerp = Slerp.at(Float.parseFloat(t), sums);
                    slerp.compute(work, 0, count);
                    assertEquals(-1, work.result.rounded(expected.dtype(), count).mismatch(expected.data()),
                            pair.getKey() + " at " + t);
                }
            }
        }
    }

    /// Files in mergekit's form say the same.
    @Test
    void describedByAFile() throws IOException {
        String text = """
                merge_method: ties
                base_model: BASE
                models:
                  - model: BASE
                  - model: A
                    parameters:
                      weight: 0.6
                  - model: B
                    parameters:
                      weight: 0.9
                      density: [0.3, 0.3, 0.3]
                parameters:
                  density:
                    - filter: no_such_tensor
                      value: 0.9
                    - value: 0.3
                  normalize: false
                  lambda: 0.7
                dtype: bfloat16
                tokenizer_source: base
                """;
        Path config = temporary.resolve("merge.yaml");
        Files.writeString(config,
                text.replace("BASE", file("base").toString())
                        .replace(" A\n", " " + file("a") + "\n")
                        .replace(" B\n", " " + file("b") + "\n"));
        Path out = temporary.resolve("out");
        ModelMerge.merge(MergeConfigFile.read(config), out, ByteProgress.SILENT);
        try (Checkpoint golden = Checkpoint.open(file("ties-lambda.safetensors"));
                Checkpoint actual = Checkpoint.open(out)) {
            for (String tensor : golden.names()) {
                assertSame(golden.tensor(tensor), actual.tensor(tensor), tensor);
            }
        }
        assertEquals("bfloat16", Golden.json(out.resolve("config.json")).get("torch_dtype").asString());
        try (Stream<Path> children = Files.list(temporary)) {
            assertEquals(2, children.count());
        }
    }
}

package llams.model.convert;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Stream;
import llams.engine.FullPass;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.gguf.GgufFile;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.weights.LlamaWeights;
import llams.model.files.ByteProgress;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// GGUF files written by others become the models that they are: decoded weights, logits, greedy tokens, ids of texts. And
/// what is exported is, byte for byte, what they hold. The files are those of the project, or those given by
/// `-Dllams.golden2=DIR`.
class GoldenGgufTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "model/src/test/resources/golden2"))
            .normalize()
            .resolve("gguf");
    private static final JsonNode PART = Golden.json(DIRECTORY.resolveSibling("manifest.json"))
            .path("parts")
            .path("gguf");
    private static final Device DEVICE = Devices.byName("cpu");

    @TempDir
    static Path shared;

    /// The models as F32 directories, by name.
    private static final Map<String, Path> IMPORTED = new TreeMap<>();

    @TempDir
    Path directory;

    static List<String> models() {
        return List.copyOf(PART.path("values").propertyNames());
    }

    static Stream<String> exported() {
        return models().stream().filter(model -> !model.startsWith("kquant"));
    }

    @BeforeAll
    static void importAll() throws IOException {
        Golden.orSkip(!models().isEmpty(), "this set of golden files has no part \"gguf\"");
        for (String model : models()) {
            Path out = shared.resolve(model);
            GgufImport.write(file(model), out, DType.F32, ByteProgress.SILENT);
            IMPORTED.put(model, out);
        }
    }

    private static Path file(String model) {
        return DIRECTORY.resolve(model + ".gguf");
    }

    private static int[] ints(JsonNode array) {
        return array.valueStream().mapToInt(JsonNode::asInt).toArray();
    }

    @ParameterizedTest
    @MethodSource("models")
    void decodedWeights(String model) throws IOException {
        try (Checkpoint golden = Checkpoint.open(DIRECTORY.resolve(model + ".expected.safetensors"));
                Checkpoint actual = Checkpoint.open(IMPORTED.get(model))) {
            for (String name : golden.names()) {
                if (!name.equals("last_logits")) {
                    float[] decoded = Golden.sampled(actual.tensor(name).toFloats(), golden);
                    assertArrayEquals(golden.tensor(name).toFloats(), decoded, 0, name);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void logits(String model) throws IOException {
        int[][] ids;
        try (Checkpoint inputs = Checkpoint.open(Golden.pathOrSkip("tiny-llama3-cases/inputs.safetensors"))) {
            ids = Golden.rows(inputs.tensor("input_ids"));
        }
        try (LlamaWeights weights = LlamaWeights.open(IMPORTED.get(model));
                Checkpoint golden = Checkpoint.open(DIRECTORY.resolve(model + ".expected.safetensors"))) {
            float[] all = FullPass.run(DEVICE, weights, new FullPass.Rows(ids, null, null, null), false, false).outputs
                    .get("logits");
            float[] expected = golden.tensor("last_logits").toFloats();
            float[] last = new float[expected.length];
            int width = expected.length / ids.length;
            for (int row = 0; row < ids.length; row++) {
                System.arraycopy(all, (row + 1) * (all.length / ids.length) - width, last, row * width, width);
            }
            double tolerance = PART.path("tolerance").path(model + ".last_logits_abs").asDouble();
            double difference = Golden.maxDifference(expected, last);
            assertTrue(difference <= tolerance, model + ": differs by " + difference + ", more than " + tolerance);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void greedyTokens(String model) throws IOException {
        int[] prompt = ints(PART.path("values").path(model).path("prompt"));
        int[] continuation = ints(PART.path("values").path(model).path("continuation"));
        try (LlamaWeights weights = LlamaWeights.open(IMPORTED.get(model));
                Generator generator = new Generator(DEVICE, weights.model(), weights.resident(),
                        prompt.length + continuation.length)) {
            float[] logits = generator.append(prompt);
            for (int i = 0; i < continuation.length; i++) {
                assertEquals(continuation[i], new Sampler.Greedy().pick(logits, i), "token " + i);
                logits = i + 1 < continuation.length ? generator.append(continuation[i]) : logits;
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void texts(String model) throws IOException {
        Tokenizer tokenizer = Tokenizer.load(IMPORTED.get(model));
        for (JsonNode one : Golden.json(DIRECTORY.resolve("tokenizer/cases.json"))) {
            assertArrayEquals(ints(one.get("ids")), tokenizer.encodeOrdinary(one.get("text").asString()));
        }
        assertEquals(Tokenizer.load(DIRECTORY.resolve("tokenizer")).specials(), tokenizer.specials());
        assertTrue(Files.readString(IMPORTED.get(model).resolve("chat_template.jinja")).contains("start_header_id"));
    }

    /// The model that a file was made from, with its tokenizer.
    private Path original(String model) throws IOException {
        Path original = Files.createDirectory(directory.resolve("original"));
        Path weights = Golden.pathOrSkip("tiny-" + model.substring(0, model.indexOf('-')));
        for (String name : List.of("config.json", "model.safetensors")) {
            Files.copy(weights.resolve(name), original.resolve(name));
        }
        for (String name : List.of("tokenizer.json", "tokenizer_config.json")) {
            Files.copy(DIRECTORY.resolve("tokenizer").resolve(name), original.resolve(name));
        }
        return original;
    }

    /// But for the table of tokens, for which the golden F16 file has another type.
    @ParameterizedTest
    @MethodSource("exported")
    void exportedBytes(String model) throws IOException {
        GgufForm form = GgufForm.valueOf(model.substring(model.indexOf('-') + 1));
        Path out = directory.resolve("out.gguf");
        GgufExport.write(original(model), null, out, form, ByteProgress.SILENT);
        try (GgufFile golden = GgufFile.open(file(model)); GgufFile actual = GgufFile.open(out)) {
            assertEquals(new TreeSet<>(golden.entries.keySet()), new TreeSet<>(actual.entries.keySet()));
            List<String> otherwise = new ArrayList<>();
            for (String name : golden.entries.keySet()) {
                if (golden.tensor(name).dtype() != actual.tensor(name).dtype()) {
                    otherwise.add(name);
                } else {
                    assertEquals(-1, golden.tensor(name).data().mismatch(actual.tensor(name).data()), name);
                }
            }
            assertEquals(form == GgufForm.F16 ? List.of("token_embd.weight") : List.of(), otherwise);
            assertEquals(golden.metadata.texts("tokenizer.ggml.tokens"),
                    actual.metadata.texts("tokenizer.ggml.tokens"));
            assertArrayEquals(golden.metadata.ints("tokenizer.ggml.token_type"),
                    actual.metadata.ints("tokenizer.ggml.token_type"));
            for (String key : List.of("tokenizer.chat_template", "tokenizer.ggml.model", "tokenizer.ggml.pre")) {
                assertEquals(golden.metadata.text(key), actual.metadata.text(key));
            }
            for (String key : golden.metadata.values().keySet()) {
                if (key.startsWith("llama.") || key.endsWith("_id") || key.endsWith("file_type")) {
                    assertEquals(golden.metadata.values().get(key), actual.metadata.values().get(key), key);
                }
            }
        }
    }

    /// There and back, every value is what it was, whatever is narrow and whatever is wide.
    @ParameterizedTest
    @MethodSource("models")
    void roundTrip(String model) throws IOException {
        Path out = directory.resolve("out.gguf");
        GgufExport.write(IMPORTED.get(model), null, out, null, ByteProgress.SILENT);
        GgufImport.write(out, directory.resolve("back"), null, ByteProgress.SILENT);
        try (Checkpoint before = Checkpoint.open(IMPORTED.get(model));
                Checkpoint after = Checkpoint.open(directory.resolve("back"))) {
            assertEquals(before.names(), after.names());
            for (String name : before.names()) {
                assertEquals(before.info(name), after.info(name));
                assertEquals(-1, before.tensor(name).data().mismatch(after.tensor(name).data()), name);
            }
        }
        for (String name : List.of("config.json", "generation_config.json", "tokenizer.json", "chat_template.jinja")) {
            assertEquals(Files.readString(IMPORTED.get(model).resolve(name)),
                    Files.readString(directory.resolve("back").resolve(name)));
        }
    }
}

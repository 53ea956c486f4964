package llams.engine;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.device.Device;
import llams.engine.device.Devices;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// A model in a GGUF file computes what its decoded tensors make: config, names, order of rows, blocks of every type.
/// The files are those of the project, or those given by `-Dllams.golden2=DIR`.
class GgufModelsAreThoseOfTheirTensorsTest {
    private static final Path FILES = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "model/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode PART = Golden.json(FILES.resolve("manifest.json")).at("/parts/gguf");

    static Stream<Arguments> models() {
        return PART.get("values")
                .propertyStream()
                .flatMap(model -> Stream.of("scalar", "cpu").map(device -> Arguments.of(model.getKey(), device)));
    }

    private static LlamaWeights open(String model) throws IOException {
        return LlamaWeights.open(FILES.resolve("gguf/" + model + ".gguf"));
    }

    private static Checkpoint expected(String model) throws IOException {
        return Checkpoint.open(FILES.resolve("gguf/" + model + ".expected.safetensors"));
    }

    @ParameterizedTest
    @MethodSource("models")
    void tensors(String model, String device) throws IOException {
        try (LlamaWeights weights = open(model); Checkpoint expected = expected(model)) {
            Map<String, Tensor> resident = weights.resident();
            for (String name : expected.names()) {
                if (!name.equals("last_logits")) {
                    float[] decoded = Golden.sampled(resident.get(name).toFloats(), expected);
                    assertArrayEquals(Golden.floats(expected, name), decoded, name);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void logits(String model, String device) throws IOException {
        Path inputs = Golden.pathOrSkip("tiny-llama3-cases/inputs.safetensors");
        try (LlamaWeights weights = open(model);
                Checkpoint expected = expected(model);
                Checkpoint ids = Checkpoint.open(inputs)) {
            int[][] rows = Golden.rows(ids.tensor("input_ids"));
            FullPass pass = FullPass.run(Devices.byName(device), weights, new FullPass.Rows(rows, null, null, null),
                    false, false);
            float[] wanted = Golden.floats(expected, "last_logits");
            float[] last = GoldenModelTest.lastPositions(pass.outputs.get("logits"), rows.length,
                    (int) expected.shape("last_logits").dim(1), weights.config.vocab());
            double tolerance = PART.at("/tolerance/" + model + ".last_logits_abs").asDouble();
            double difference = Golden.maxDifference(wanted, last);
            assertTrue(difference <= tolerance, "differs by " + difference + ", more than " + tolerance);
        }
    }

    /// A prompt at once, and then token by token.
    @ParameterizedTest
    @MethodSource("models")
    void greedyDecoding(String model, String device) throws IOException {
        int[] prompt = GoldenModelTest.ints(PART.at("/values/" + model + "/prompt"));
        int[] continuation = GoldenModelTest.ints(PART.at("/values/" + model + "/continuation"));
        Device used = Devices.byName(device);
        try (LlamaWeights weights = open(model);
                Generator generator = new Generator(used, weights.model(), weights.resident(),
                        prompt.length + continuation.length)) {
            float[] logits = generator.append(prompt);
            for (int i = 0; i < continuation.length; i++) {
                int id = new Sampler.Greedy().pick(logits, i);
                assertEquals(continuation[i], id, "token " + i);
                logits = i + 1 < continuation.length ? generator.append(id) : logits;
            }
        }
    }
}

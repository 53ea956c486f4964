package llams.engine;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import llams.engine.FullPass.Rows;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.generate.Sampler;
import llams.engine.llama.RopeTable;
import llams.engine.safetensors.Checkpoint;
import llams.engine.weights.LlamaWeights;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Every usable device computes what PyTorch computes: logits, losses, gradients, packed documents, greedy decoding.
class GoldenModelTest {
    static Stream<Arguments> models() {
        List<Device> usable = Golden.devices().toList();
        return Golden.models().flatMap(model -> usable.stream().map(device -> Arguments.of(model, device)));
    }

    private static Rows inputs(Golden.Model model) throws IOException {
        try (Checkpoint inputs = Checkpoint.open(model.cases("inputs.safetensors"))) {
            return new Rows(Golden.rows(inputs.tensor("input_ids")), null, null,
                    Golden.rows(inputs.tensor("shifted_labels")));
        }
    }

    private static void near(String what, double tolerance, float[] expected, float[] actual) {
        double difference = Golden.maxDifference(expected, actual);
        assertTrue(difference <= tolerance, what + ": differs by " + difference + ", more than " + tolerance);
    }

    /// The last `count` positions of each row of `[rows, columns, width]`.
    static float[] lastPositions(float[] values, int rows, int count, int width) {
        int columns = values.length / rows / width;
        float[] last = new float[rows * count * width];
        for (int r = 0; r < rows; r++) {
            System.arraycopy(values, (r * columns + columns - count) * width, last, r * count * width, count * width);
        }
        return last;
    }

    @ParameterizedTest
    @MethodSource("models")
    void rotaryFrequencies(Golden.Model model, Device device) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(model.dir("f32"))) {
            double[] frequencies = RopeTable.frequencies(weights.config);
            for (int i = 0; i < frequencies.length; i++) {
                double expected = model.value("inv_freq").get(i).asDouble();
                assertEquals(expected, frequencies[i], 1e-6 * expected, "pair " + i);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void logitsAndLosses(Golden.Model model, Device device) throws IOException {
        Rows rows = inputs(model);
        try (LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Checkpoint expected = Checkpoint.open(model.cases("logits.safetensors"))) {
            FullPass pass = FullPass.run(device, weights, rows, false, false);
            near("logits", model.tolerance("logits_abs"), Golden.floats(expected, "logits"),
                    pass.outputs.get("logits"));
            assertEquals(model.value("num_loss_tokens").asInt(), rows.counted());
            assertEquals(model.value("loss").asDouble(), pass.outputs.get("loss")[0], model.tolerance("loss_abs"));
            near("token loss", model.tolerance("token_loss_abs"), Golden.floats(expected, "token_loss"),
                    tokenLossWithoutLast(pass.outputs.get("tokenLoss"), rows, expected));
        }
    }

    /// The golden states the loss of every token but the last of a row, also of those that are not counted: where ours
    /// is not counted, its value is taken over.
    private static float[] tokenLossWithoutLast(float[] tokenLoss, Rows rows, Checkpoint expected) throws IOException {
        float[] losses = Golden.floats(expected, "token_loss").clone();
        int columns = rows.ids()[0].length;
        for (int i = 0; i < losses.length; i++) {
            int r = i / (columns - 1);
            int c = i % (columns - 1);
            if (rows.labels()[r][c] >= 0) {
                losses[i] = tokenLoss[r * columns + c];
            }
        }
        return losses;
    }

    @ParameterizedTest
    @MethodSource("models")
    void logitsOfBf16Weights(Golden.Model model, Device device) throws IOException {
        Rows rows = inputs(model);
        try (LlamaWeights weights = LlamaWeights.open(model.dir("bf16"));
                Checkpoint expected = Checkpoint.open(model.cases("logits.safetensors"))) {
            FullPass pass = FullPass.run(device, weights, rows, false, false);
            float[] last = Golden.floats(expected, "last_logits_bf16_weights");
            int count = (int) expected.shape("last_logits_bf16_weights").dim(1);
            near("logits", model.tolerance("logits_bf16_weights_abs"), last,
                    lastPositions(pass.outputs.get("logits"), rows.ids().length, count, weights.config.vocab()));
            assertEquals(model.value("loss_bf16_weights").asDouble(), pass.outputs.get("loss")[0],
                    model.tolerance("loss_abs"));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void gradientsOfEveryParameter(Golden.Model model, Device device) throws IOException {
        gradients(model, device, false);
    }

    @ParameterizedTest
    @MethodSource("models")
    void gradientsWithRecompute(Golden.Model model, Device device) throws IOException {
        gradients(model, device, true);
    }

    static void gradients(Golden.Model model, Device device, boolean recompute) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Checkpoint expected = Checkpoint.open(model.cases("grads.safetensors"))) {
            FullPass pass = FullPass.run(device, weights, inputs(model), true, recompute);
            double squares = 0;
            List<String> wrong = new ArrayList<>();
            for (String name : expected.names()) {
                float[] want = Golden.floats(expected, name);
                float[] got = pass.outputs.get(name);
                float[] kept = Golden.sampled(got, expected);
                // The largest may not be among samples: then it is ours, whose norm is compared below.
                double largest = Golden.maxAbs(kept == got ? want : got);
                double allowed = model.tolerance("grads_rel_to_tensor_max") * largest;
                double difference = Golden.maxDifference(want, kept);
                if (!(difference <= allowed)) {
                    wrong.add(name + ": differs by " + difference + ", more than " + allowed);
                }
                double norm = 0;
                for (float value : got) {
                    norm += (double) value * value;
                }
                squares += norm;
                double expectedNorm = model.value("grad_l2").get(name).asDouble();
                assertEquals(expectedNorm, Math.sqrt(norm), 1e-4 * expectedNorm, name);
            }
            assertEquals(List.of(), wrong);
            double norm = model.value("grad_norm").asDouble();
            assertEquals(norm, Math.sqrt(squares), 1e-5 * norm);
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void packedDocuments(Golden.Model model, Device device) throws IOException {
        try (LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Checkpoint packed = Checkpoint.open(model.cases("packed.safetensors"))) {
            Rows rows = new Rows(inputs(model).ids(), Golden.rows(packed.tensor("position_ids")),
                    Golden.rows(packed.tensor("document_ids")), null);
            FullPass pass = FullPass.run(device, weights, rows, false, false);
            int count = (int) packed.shape("last_logits").dim(1);
            near("logits", model.tolerance("packed_logits_abs"), Golden.floats(packed, "last_logits"),
                    lastPositions(pass.outputs.get("logits"), rows.ids().length, count, weights.config.vocab()));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void greedyDecoding(Golden.Model model, Device device) throws IOException {
        JsonNode decode = Golden.json(model.cases("decode.json"));
        int[] prompt = ints(decode.get("prompt"));
        int[] continuation = ints(decode.get("continuation"));
        try (LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Generator generator = new Generator(device, weights.model(), weights.resident(),
                        prompt.length + continuation.length)) {
            float[] logits = generator.append(prompt);
            for (int i = 0; i < continuation.length; i++) {
                int id = new Sampler.Greedy().pick(logits, i);
                assertEquals(continuation[i], id, "token " + i);
                assertEquals(decode.get("top_logit").get(i).asDouble(), logits[id],
                        model.tolerance("decode_top_logit_abs"));
                logits = i + 1 < continuation.length ? generator.append(id) : logits;
            }
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void cachedEqualsFull(Golden.Model model, Device device) throws IOException {
        int[] ids = Arrays.copyOf(inputs(model).ids()[0], inputs(model).ids()[0].length);
        try (LlamaWeights weights = LlamaWeights.open(model.dir("f32"));
                Generator generator = new Generator(device, weights.model(), weights.resident(), ids.length)) {
            float[] full = FullPass.run(device, weights, new Rows(new int[][] {ids}, null, null, null), false,
                    false).outputs.get("logits");
            int prefill = ids.length / 2 - 1;
            float[] logits = generator.append(Arrays.copyOf(ids, prefill));
            for (int t = prefill; t <= ids.length; t++) {
                int vocab = weights.config.vocab();
                near("position " + (t - 1), model.tolerance("logits_abs"),
                        Arrays.copyOfRange(full, (t - 1) * vocab, t * vocab), logits);
                if (t < ids.length) {
                    logits = generator.append(ids[t]);
                }
            }
        }
    }

    static int[] ints(JsonNode array) {
        int[] values = new int[array.size()];
        for (int i = 0; i < values.length; i++) {
            values[i] = array.get(i).asInt();
        }
        return values;
    }
}

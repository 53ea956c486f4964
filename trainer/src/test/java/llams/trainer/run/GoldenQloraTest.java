package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.graph.Leaf;
import llams.engine.llama.Llama;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Nf4;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraModel;
import llams.trainer.data.PackedSequence;
import llams.trainer.optim.Optimizer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// NF4 weights with double quantization have torchao's codes and scales, and an adapter on them computes and trains as in
/// PyTorch. The files are those of the project, or those given by `-Dllams.golden2=DIR`.
class GoldenQloraTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode PART = Golden.json(DIRECTORY.resolve("manifest.json")).path("parts").path("qlora");

    @BeforeAll
    static void thereIsSuchAPart() {
        Golden.orSkip(!PART.isMissingNode(), "this set of golden files has no part \"qlora\"");
    }

    private static Path file(String name) {
        return DIRECTORY.resolve("qlora").resolve(name);
    }

    private static double tolerance(String what) {
        return Golden.partOrSkip(PART.path("tolerance"), what).asDouble();
    }

    private static Golden.Model model() {
        return Golden.models().filter(model -> model.name().equals("tiny-llama3")).findFirst().orElse(null);
    }

    private static LlamaWeights quantized() throws IOException {
        Golden.orSkip(model() != null, "this set of golden files has no tiny-llama3");
        return LlamaWeights.openQuantized(model().dir("f32"), Quantization.NF4);
    }

    /// The plain loops take half a minute for a trajectory; the engine's tests compare them op by op.
    static Stream<Device> devices() {
        return Golden.devices().filter(device -> device.name().equals("cpu"));
    }

    @Test
    void codesAndScales() throws IOException {
        try (LlamaWeights weights = quantized(); Checkpoint golden = Checkpoint.open(file("nf4.safetensors"))) {
            int found = 0;
            for (Map.Entry<String, Tensor> weight : weights.resident().entrySet()) {
                String module = weight.getKey().replaceFirst("\\.weight$", "");
                if (!golden.has(module + ".quantized_data")) {
                    assertTrue(weight.getValue().dtype().isInSafetensors(), module);
                    continue;
                }
                found++;
                MemorySegment data = weight.getValue().data();
                long n = weight.getValue().elements();
                same(golden.tensor(module + ".quantized_data"), data.asSlice(0, Nf4.scalesOffset(n)), module);
                same(golden.tensor(module + ".quantized_scalers"), data.asSlice(Nf4.scalesOffset(n), Nf4.blocks(n)),
                        module);
                float[] factors = Golden.floats(golden, module + ".quantization_factor");
                for (int i = 0; i < factors.length; i++) {
                    assertEquals(factors[i], data.get(Tensor.F32, Nf4.factorsOffset(n) + 4L * i),
                            tolerance("quantization_factor_rel") * factors[i], module);
                }
                assertEquals(Golden.floats(golden, module + ".scaler_mean")[0], data.get(Tensor.F32, Nf4.meanOffset(n)),
                        tolerance("scaler_mean_abs"), module);
            }
            assertEquals(golden.names().size(), 4 * found);
        }
    }

    private static void same(Tensor golden, MemorySegment actual, String module) {
        assertArrayEquals(golden.data().toArray(ValueLayout.JAVA_BYTE), actual.toArray(ValueLayout.JAVA_BYTE), module);
    }

    @Test
    void dequantized() throws IOException {
        try (LlamaWeights weights = quantized(); Checkpoint golden = Checkpoint.open(file("dequantized.safetensors"))) {
            Map<String, Tensor> tensors = weights.resident();
            for (String name : golden.names()) {
                Tensor weight = tensors.get(tensors.containsKey(name) ? name : name + ".weight");
                double difference = Golden.maxDifference(Golden.floats(golden, name),
                        Golden.sampled(weight.toFloats(), golden));
                assertTrue(difference <= tolerance("dequantized_abs"), name + " differs by " + difference);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void logitsAndLoss(Device device) throws IOException {
        List<PackedSequence> rows = GoldenLoraVariantsTest.inputs(model());
        try (Arena arena = Arena.ofShared();
                LlamaWeights weights = quantized();
                Checkpoint expected = Checkpoint.open(file("expected.safetensors"))) {
            Adapter adapter = AdapterFiles.read(file("init"), weights, arena);
            Llama adapted = LoraModel.of(weights.config, weights.frozen(), adapter, Leaf.Kind.WEIGHT).model();
            Map<String, Tensor> resident = LoraModel.resident(weights.resident(), adapter);
            compare(Golden.floats(expected, "last_logits"), device, adapted, resident, rows);
            compare(Golden.floats(expected, "last_logits_base"), device, weights.model(), weights.resident(), rows);
            try (Evaluator evaluator = Evaluator.open(device, adapted, resident, rows.getFirst().ids().length)) {
                assertEquals(PART.path("values").path("loss").asDouble(),
                        evaluator.loss(List.of(MicroBatch.of(rows))).meanLoss(), tolerance("loss_abs"));
            }
        }
    }

    /// The scores of each row's last positions: of the first one by a prompt, of the others token by token.
    private static void compare(float[] want, Device device, Llama model, Map<String, Tensor> resident,
            List<PackedSequence> rows) {
        int vocab = model.config().vocab();
        int positions = want.length / rows.size() / vocab;
        for (int r = 0; r < rows.size(); r++) {
            int[] ids = rows.get(r).ids();
            try (Generator generator = new Generator(device, model, resident, ids.length)) {
                for (int p = 0; p < positions; p++) {
                    int end = ids.length - positions + p;
                    float[] logits = p == 0
                            ? generator.append(Arrays.copyOf(ids, end + 1))
                            : generator.append(ids[end]);
                    int at = (r * positions + p) * vocab;
                    double difference = Golden.maxDifference(Arrays.copyOfRange(want, at, at + vocab), logits);
                    assertTrue(difference <= tolerance("last_logits_abs"),
                            "position " + end + " differs by " + difference);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void gradients(Device device) throws IOException {
        List<PackedSequence> rows = GoldenLoraVariantsTest.inputs(model());
        try (Arena arena = Arena.ofShared();
                LlamaWeights weights = quantized();
                Checkpoint expected = Checkpoint.open(file("grads.safetensors"))) {
            Trainable trainable = Trainable.adapter(weights, AdapterFiles.read(file("init"), weights, arena));
            // With beta1 0, a first step leaves the gradient itself in the first moment.
            try (Trainer trainer = new Trainer(device, trainable.model(), trainable.trained(), trainable.resident(),
                    new Optimizer(0, 0.9, 1e-8, 0, 0), rows.getFirst().ids().length, false, 0)) {
                trainer.step(List.of(MicroBatch.of(rows)), 0, 0);
                assertEquals(expected.names().size(), trainable.trained().size());
                for (Leaf leaf : trainable.trained()) {
                    float[] want = Golden.floats(expected, leaf.name());
                    double difference = Golden.maxDifference(want,
                            trainer.read(Optimizer.firstMoment(leaf)).toFloats());
                    double allowed = tolerance("grads_rel_to_tensor_max") * Golden.maxAbs(want);
                    assertTrue(difference <= allowed,
                            leaf.name() + " differs by " + difference + ", more than " + allowed);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("devices")
    void trajectory(Device device) throws IOException {
        JsonNode trajectory = Golden.json(file("trajectory.json"));
        try (Arena arena = Arena.ofShared(); LlamaWeights weights = quantized()) {
            Trainable trainable = Trainable.adapter(weights, AdapterFiles.read(file("init"), weights, arena));
            Adapter expected = AdapterFiles.read(file("final"), weights, arena);
            try (Trainer trainer = new Trainer(device, trainable.model(), trainable.trained(), trainable.resident(),
                    GoldenTrainingTest.optimizer(trajectory.get("hyper")), weights.config.maxPositions(), false, 0)) {
                GoldenTrainingTest.follow(model(), trajectory, GoldenQloraTest::tolerance, trainer, false);
                for (Leaf leaf : trainable.trained()) {
                    double difference = Golden.maxDifference(expected.tensors().get(leaf.name()).toFloats(),
                            trainer.read(leaf).toFloats());
                    assertTrue(difference <= tolerance("final_abs"), leaf.name() + " differs by " + difference);
                }
            }
        }
    }
}

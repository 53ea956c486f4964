package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.graph.Leaf;
import llams.engine.safetensors.Checkpoint;
import llams.engine.weights.LlamaWeights;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraLayout;
import llams.model.lora.LoraModel;
import llams.model.merge.AdapterMerge;
import llams.trainer.data.PackedSequence;
import llams.trainer.optim.Optimizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;

/// Adapters whose config has patterns, layers or rank-stabilized scales compute, train and merge as in PEFT; other
/// forms are refused by name. The files are those of the project, or those given by `-Dllams.golden2=DIR`.
class GoldenLoraVariantsTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode PART = Golden.json(DIRECTORY.resolve("manifest.json"))
            .path("parts")
            .path("lora-variants");
    private static final List<String> SUPPORTED = List.of("rslora", "loraplus", "patterns", "regex-targets");

    @TempDir
    Path temporary;

    private record Case(String name, Golden.Model model) {
        Path file(String name) {
            return DIRECTORY.resolve("lora-variants").resolve(this.name).resolve(name);
        }

        double tolerance(String what) {
            return Golden.partOrSkip(PART.path("tolerance"), name + "." + what).asDouble();
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static Golden.Model model() {
        return Golden.models().filter(model -> model.name().equals("tiny-llama3")).findFirst().orElse(null);
    }

    static Stream<Arguments> cases() {
        Golden.orSkip(model() != null, "this set of golden files has no tiny-llama3");
        // The plain loops compute the same graphs, op by op, in the tests of the engine, and take half a minute for a
        // trajectory.
        List<Device> usable = Golden.devices().filter(device -> !device.name().equals("scalar")).toList();
        return SUPPORTED.stream()
                .flatMap(name -> usable.stream().map(device -> Arguments.of(new Case(name, model()), device)));
    }

    private static Stream<Arguments> casesWith(String file) {
        return cases().filter(arguments -> Files.exists(((Case) arguments.get()[0]).file(file)));
    }

    static Stream<Arguments> withGradients() {
        return casesWith("grads.safetensors");
    }

    static Stream<Arguments> withTrajectory() {
        return casesWith("trajectory.json");
    }

    static Stream<Arguments> withMergedWeights() {
        return casesWith("merged.safetensors");
    }

    private static List<PackedSequence> inputs(Golden.Model model) throws IOException {
        try (Checkpoint inputs = Checkpoint.open(model.cases("inputs.safetensors"))) {
            int[][] ids = Golden.rows(inputs.tensor("input_ids"));
            int[][] labels = Golden.rows(inputs.tensor("shifted_labels"));
            List<PackedSequence> rows = new ArrayList<>();
            for (int r = 0; r < ids.length; r++) {
                rows.add(GoldenTrainingTest.row(ids[r], labels[r]));
            }
            return rows;
        }
    }

    @ParameterizedTest
    @MethodSource("cases")
    void logitsAndLoss(Case golden, Device device) throws IOException {
        List<PackedSequence> rows = inputs(golden.model);
        try (Arena arena = Arena.ofShared();
                LlamaWeights weights = LlamaWeights.open(golden.model.dir("f32"));
                Checkpoint expected = Checkpoint.open(golden.file("expected.safetensors"))) {
            Adapter adapter = AdapterFiles.read(golden.file("init"), weights, arena);
            LoraModel lora = LoraModel.of(weights.config, weights.frozen(), adapter, Leaf.Kind.WEIGHT);
            float[] want = Golden.floats(expected, "last_logits");
            int vocab = weights.config.vocab();
            int positions = want.length / rows.size() / vocab;
            for (int r = 0; r < rows.size(); r++) {
                int[] ids = rows.get(r).ids();
                try (Generator generator = new Generator(device, lora.model(),
                        LoraModel.resident(weights.resident(), adapter), ids.length)) {
                    for (int p = 0; p < positions; p++) {
                        int end = ids.length - positions + p;
                        float[] logits = p == 0
                                ? generator.append(Arrays.copyOf(ids, end + 1))
                                : generator.append(ids[end]);
                        int at = (r * positions + p) * vocab;
                        double difference = Golden.maxDifference(Arrays.copyOfRange(want, at, at + vocab), logits);
                        assertTrue(difference <= golden.tolerance("last_logits_abs"),
                                "position " + end + " differs by " + difference);
                    }
                }
            }
            try (Evaluator evaluator = Evaluator.open(device, lora.model(),
                    LoraModel.resident(weights.resident(), adapter), rows.getFirst().ids().length)) {
                assertEquals(PART.path("values").path(golden.name + ".loss").asDouble(),
                        evaluator.loss(List.of(MicroBatch.of(rows))).meanLoss(), golden.tolerance("loss_abs"));
            }
        }
    }

    @ParameterizedTest
    @MethodSource("withGradients")
    void gradients(Case golden, Device device) throws IOException {
        List<PackedSequence> rows = inputs(golden.model);
        try (Arena arena = Arena.ofShared();
                LlamaWeights weights = LlamaWeights.open(golden.model.dir("f32"));
                Checkpoint expected = Checkpoint.open(golden.file("grads.safetensors"))) {
            Trainable trainable = Trainable.adapter(weights, AdapterFiles.read(golden.file("init"), weights, arena));
            // With beta1 0, a first step leaves the gradient itself in the first moment.
            try (Trainer trainer = new Trainer(device, trainable.model(), trainable.trained(), trainable.resident(),
                    new Optimizer(0, 0.9, 1e-8, 0, 0), rows.getFirst().ids().length, false, 0)) {
                trainer.step(List.of(MicroBatch.of(rows)), 0, 0);
                assertEquals(expected.names().size(), trainable.trained().size());
                for (Leaf leaf : trainable.trained()) {
                    float[] want = Golden.floats(expected, leaf.name());
                    double difference = Golden.maxDifference(want,
                            trainer.read(Optimizer.firstMoment(leaf)).toFloats());
                    double allowed = golden.tolerance("grads_rel_to_tensor_max") * Golden.maxAbs(want);
                    assertTrue(difference <= allowed,
                            leaf.name() + " differs by " + difference + ", more than " + allowed);
                }
            }
        }
    }

    private static Optimizer optimizer(JsonNode hyper) {
        return GoldenTrainingTest.optimizer(hyper).withLoraPlusRatio(hyper.path("lr_ratio_b").asDouble(1));
    }

    @ParameterizedTest
    @MethodSource("withTrajectory")
    void trajectory(Case golden, Device device) throws IOException {
        JsonNode trajectory = Golden.json(golden.file("trajectory.json"));
        try (Arena arena = Arena.ofShared(); LlamaWeights weights = LlamaWeights.open(golden.model.dir("f32"))) {
            Trainable trainable = Trainable.adapter(weights, AdapterFiles.read(golden.file("init"), weights, arena));
            Adapter expected = AdapterFiles.read(golden.file("final"), weights, arena);
            try (Trainer trainer = new Trainer(device, trainable.model(), trainable.trained(), trainable.resident(),
                    optimizer(trajectory.get("hyper")), weights.config.maxPositions(), false, 0)) {
                GoldenTrainingTest.follow(golden.model, trajectory, golden::tolerance, trainer, false);
                for (Leaf leaf : trainable.trained()) {
                    double difference = Golden.maxDifference(expected.tensors().get(leaf.name()).toFloats(),
                            trainer.read(leaf).toFloats());
                    assertTrue(difference <= golden.tolerance("final_abs"), leaf.name() + " differs by " + difference);
                }
            }
        }
    }

    @ParameterizedTest
    @MethodSource("withMergedWeights")
    void merged(Case golden, Device device) throws IOException {
        Path adapter = Files.exists(golden.file("final")) ? golden.file("final") : golden.file("init");
        Path out = temporary.resolve("merged");
        try (Checkpoint expected = Checkpoint.open(golden.file("merged.safetensors"))) {
            assertEquals(expected.names().size(),
                    AdapterMerge.merge(golden.model.dir("f32"), adapter, out, ByteProgress.SILENT).merged());
            int stride = Integer.parseInt(expected.metadata().getOrDefault("sample_stride", "1"));
            try (Checkpoint actual = Checkpoint.open(out)) {
                for (String name : expected.names()) {
                    float[] want = Golden.floats(expected, name);
                    float[] got = Golden.floats(actual, name);
                    int step = got.length > 2048 ? stride : 1;
                    for (int i = 0; i < want.length; i++) {
                        assertEquals(want[i], got[i * step], golden.tolerance("merged_abs"), name + " at " + i * step);
                    }
                }
            }
        }
    }

    @Test
    void rankAndScaleOfEveryModule() throws IOException {
        LoraLayout layout = AdapterFiles.layout(new Case("patterns", null).file("init"));
        JsonNode resolved = PART.path("values").path("patterns.resolved");
        assertTrue(!resolved.isEmpty());
        assertEquals(resolved.size(), layout.parts().size());
        for (Map.Entry<String, JsonNode> module : resolved.properties()) {
            LoraLayout.Part part = layout.parts().get(module.getKey());
            assertEquals(module.getValue().get("rank").asInt(), part.rank(), module.getKey());
            assertEquals((float) module.getValue().get("scale").asDouble(), part.scale(), module.getKey());
        }
    }

    @Test
    void otherFormsAreRefusedByName() throws IOException {
        Map<String, String> names = Map.of("dora", "use_dora true", "embed-lora", "lm_head", "embed-lora-tied",
                "embed_tokens", "embed-lora-tied-ensured", "embed_tokens", "modules-to-save", "modules_to_save",
                "modules-to-save-tied", "modules_to_save", "modules-to-save-tied-ensured", "modules_to_save");
        try (Arena arena = Arena.ofConfined();
                LlamaWeights weights = LlamaWeights.open(Golden.models().findFirst().orElseThrow().dir("f32"))) {
            names.forEach((name, part) -> {
                Path init = new Case(name, null).file("init");
                String message = assertThrows(IOException.class, () -> AdapterFiles.read(init, weights, arena))
                        .getMessage();
                assertTrue(message.contains(part) && message.contains("is not supported"), message);
            });
        }
    }
}

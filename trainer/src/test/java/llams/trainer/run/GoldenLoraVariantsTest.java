package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.device.Device;
import llams.engine.generate.Generator;
import llams.engine.graph.Leaf;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.DoraNorms;
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

/// Adapters of every form, DoRA, patterns, tables and heads among them, compute, train and merge as in PEFT. The files are those of the project, or those given by `-Dllams.golden2=DIR`.
class GoldenLoraVariantsTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "trainer/src/test/resources/golden2"))
            .normalize();
    private static final JsonNode PART = Golden.json(DIRECTORY.resolve("manifest.json"))
            .path("parts")
            .path("lora-variants");
    private static final Pattern BASE = Pattern.compile("PEFT adapter for \\.\\./golden/([\\w-]+);.*");

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

    /// The cases of the manifest, each with the model that its adapter is for.
    static Stream<Arguments> cases() {
        // The plain loops compute the same graphs, op by op, in the tests of the engine, and take half a minute for a
        // trajectory.
        List<Device> usable = Golden.devices().filter(device -> !device.name().equals("scalar")).toList();
        List<Case> cases = new ArrayList<>();
        for (Map.Entry<String, JsonNode> file : PART.path("files").properties()) {
            Matcher base = BASE.matcher(file.getValue().asString());
            if (file.getKey().endsWith("/init/") && base.matches()) {
                String name = file.getKey().substring(0, file.getKey().length() - "/init/".length());
                Golden.models()
                        .filter(model -> model.name().equals(base.group(1)))
                        .forEach(model -> cases.add(new Case(name, model)));
            }
        }
        Golden.orSkip(!cases.isEmpty(), "this set of golden files has no adapters for its models");
        return cases.stream().flatMap(one -> usable.stream().map(device -> Arguments.of(one, device)));
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

    static Stream<Arguments> withRoundedWeights() {
        return casesWith("merged_bf16.safetensors");
    }

    static Stream<Arguments> withMergedWeights() {
        return casesWith("merged.safetensors");
    }

    static List<PackedSequence> inputs(Golden.Model model) throws IOException {
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
            Adapter adapter = DoraNorms.in(arena, AdapterFiles.read(golden.file("init"), weights, arena),
                    weights.config, weights.resident());
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

    /// A tensor as it stands in files.
    private static Tensor stored(Arena arena, Leaf leaf, Tensor tensor) {
        return leaf.name().endsWith(".lora_embedding_A") ? Adapter.turned(arena, tensor) : tensor;
    }

    private static float[] sampled(float[] all, Checkpoint file) {
        int stride = Integer.parseInt(file.metadata().getOrDefault("sample_stride", "1"));
        if (all.length <= 2048) {
            return all;
        }
        float[] some = new float[Math.ceilDiv(all.length, stride)];
        for (int i = 0; i < some.length; i++) {
            some[i] = all[i * stride];
        }
        return some;
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
                    double difference = Golden.maxDifference(want, sampled(
                            stored(arena, leaf, trainer.read(Optimizer.firstMoment(leaf))).toFloats(), expected));
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

    /// The copies of embedding and head in PEFT's files are what the base had before it was quantized.
    @Test
    void areForTheirBaseQuantizedToo() throws IOException {
        for (Case golden : cases().map(arguments -> (Case) arguments.get()[0]).distinct().toList()) {
            try (Arena arena = Arena.ofShared();
                    LlamaWeights weights = LlamaWeights.openQuantized(golden.model.dir("f32"), Quantization.Q8_0)) {
                assertFalse(AdapterFiles.read(golden.file("init"), weights, arena).tensors().isEmpty(), golden.name);
            }
        }
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
            try (Checkpoint actual = Checkpoint.open(out)) {
                for (String name : expected.names()) {
                    float[] want = Golden.floats(expected, name);
                    float[] got = sampled(Golden.floats(actual, name), expected);
                    for (int i = 0; i < want.length; i++) {
                        assertEquals(want[i], got[i], golden.tolerance("merged_abs"), name + " at " + i);
                    }
                }
            }
            // Its config agrees with its weights.
            try (LlamaWeights merged = LlamaWeights.open(out)) {
                assertEquals(List.of(), merged.notes);
            }
        }
    }

    @ParameterizedTest
    @MethodSource("withRoundedWeights")
    void mergedAndRoundedOnce(Case golden, Device device) throws IOException {
        Path out = temporary.resolve("rounded");
        AdapterMerge.merge(golden.model.dir("bf16"), golden.file("final"), out, ByteProgress.SILENT);
        JsonNode tolerance = Golden.partOrSkip(PART.path("tolerance"), golden.name + ".merged_bf16");
        long differing = 0;
        long all = 0;
        try (Checkpoint expected = Checkpoint.open(golden.file("merged_bf16.safetensors"));
                Checkpoint actual = Checkpoint.open(out)) {
            for (String name : expected.names()) {
                float[] want = Golden.floats(expected, name);
                float[] got = sampled(Golden.floats(actual, name), expected);
                for (int i = 0; i < want.length; i++) {
                    int ulps = Math
                            .abs((Float.floatToRawIntBits(want[i]) >> 16) - (Float.floatToRawIntBits(got[i]) >> 16));
                    assertTrue(ulps <= tolerance.get("max_ulps").asInt(), name + " at " + i);
                    differing += Math.min(1, ulps);
                }
                all += want.length;
            }
        }
        assertTrue(differing <= tolerance.get("max_fraction_differing").asDouble() * all, differing + " of " + all);
    }

    /// What is written and read again computes the same, bit for bit, and PEFT's own tensors are all there.
    @ParameterizedTest
    @MethodSource("cases")
    void writtenAsRead(Case golden, Device device) throws IOException {
        try (Arena arena = Arena.ofShared(); LlamaWeights weights = LlamaWeights.open(golden.model.dir("f32"))) {
            Adapter adapter = AdapterFiles.read(golden.file("init"), weights, arena);
            AdapterFiles.write(temporary, adapter, adapter.tensors(), weights);
            Adapter again = AdapterFiles.read(temporary, weights, arena);
            assertEquals(adapter.layout(), again.layout());
            adapter.tensors()
                    .forEach((name, tensor) -> assertArrayEquals(tensor.toFloats(),
                            again.tensors().get(name).toFloats(), name));
            try (Checkpoint theirs = Checkpoint.open(golden.file("init/adapter_model.safetensors"));
                    Checkpoint ours = Checkpoint.open(temporary.resolve("adapter_model.safetensors"))) {
                List<String> names = new ArrayList<>(theirs.names());
                names.removeIf(name -> name.contains(".base_layer."));
                assertEquals(Set.copyOf(names), Set.copyOf(ours.names()));
                for (String name : names) {
                    assertArrayEquals(Golden.floats(theirs, name), Golden.floats(ours, name), name);
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
}

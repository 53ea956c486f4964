package llams.trainer.run;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.device.Devices;
import llams.engine.generate.Generator;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.lora.BaseFingerprint;
import llams.model.merge.AdapterMerge;
import llams.model.merge.ChatVector;
import llams.model.text.LoadedModel;
import llams.model.text.OpenOptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/// A quantized model is the same whether it was quantized before or while it is loaded, and computes what a model of
/// its widened weights computes.
class QuantizedModelTest {
    private static final String DOWN = "model.layers.0.mlp.down_proj.weight";

    @TempDir
    Path directory;

    private Path model;
    private Path quantized;

    @BeforeEach
    void quantize() throws IOException {
        model = SmallRun.model(directory.resolve("model"));
        quantized = directory.resolve("quantized");
        QuantizedModel.Report report = QuantizedModel.write(model, quantized, Quantization.Q8_0, ByteProgress.SILENT);
        // The 48 columns of the two down projections are no whole blocks.
        assertEquals(2 * 6 + 2, report.quantized());
        assertEquals(2, report.kept().size());
        assertTrue(report.bytes() < report.before() / 2, report.toString());
    }

    /// The model with its quantized weights widened to F32 in the file.
    private Path widened() throws IOException {
        Path wide = Files.createDirectory(directory.resolve("wide"));
        Files.copy(model.resolve("config.json"), wide.resolve("config.json"));
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(quantized)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            weights.resident()
                    .forEach((name, tensor) -> tensors.put(name, Tensor.of(arena, tensor.shape(), tensor.toFloats())));
            SafetensorsWriter.writeFile(wide.resolve("model.safetensors"), tensors, Map.of());
        }
        return wide;
    }

    @Test
    void loadedQuantizedAndQuantizedWhileLoadingAreTheSameBytes() throws IOException {
        try (LlamaWeights stored = LlamaWeights.open(quantized);
                LlamaWeights made = LlamaWeights.openQuantized(model, Quantization.Q8_0)) {
            assertEquals(0, stored.allocatedBytes());
            assertTrue(made.allocatedBytes() > 0);
            assertEquals(stored.config, made.config);
            Map<String, Tensor> expected = stored.resident();
            Map<String, Tensor> actual = made.resident();
            assertEquals(expected.keySet(), actual.keySet());
            expected.forEach((name, tensor) -> {
                boolean isKept = name.endsWith("norm.weight") || name.contains("down_proj");
                assertEquals(isKept ? DType.F32 : DType.Q8_0, tensor.dtype(), name);
                assertEquals(tensor.dtype(), actual.get(name).dtype(), name);
                assertEquals(-1, tensor.data().mismatch(actual.get(name).data()), name);
            });
            assertEquals(BaseFingerprint.of(made.checkpoint), BaseFingerprint.of(stored.checkpoint));
        }
    }

    @Test
    void theFileHoldsBytesThatNobodyTakesForWeights() throws IOException {
        try (Checkpoint file = Checkpoint.open(quantized)) {
            assertEquals(DType.U8, file.dtype("lm_head.weight"));
            assertEquals(Shape.of(96, 34), file.shape("lm_head.weight"));
            assertEquals(DType.F32, file.dtype(DOWN));
        }
        String config = Files.readString(quantized.resolve("config.json"));
        assertTrue(config.contains("\"quant_method\" : \"q8_0\"") && config.contains("model.layers.1.mlp.down_proj\""),
                config);
        Path bare = Files.createDirectory(directory.resolve("bare"));
        Files.copy(model.resolve("config.json"), bare.resolve("config.json"));
        Files.copy(quantized.resolve("model.safetensors"), bare.resolve("model.safetensors"));
        IOException e = assertThrows(IOException.class, () -> LlamaWeights.open(bare));
        assertTrue(e.getMessage().contains("do not fit config.json"), e.getMessage());
    }

    @Test
    void scoresAreThoseOfTheWidenedWeights() throws IOException {
        int[] ids = {5, 9, 17, 3, 60, 44, 8};
        float[][] scores = new float[2][];
        Path[] models = {widened(), quantized};
        for (String device : List.of("cpu", "scalar")) {
            for (int i = 0; i < 2; i++) {
                try (LlamaWeights weights = LlamaWeights.open(models[i]);
                        Generator generator = new Generator(Devices.byName(device), weights.model(), weights.resident(),
                                20)) {
                    generator.append(ids);
                    scores[i] = generator.append(7);
                }
            }
            for (int id = 0; id < scores[0].length; id++) {
                assertEquals(scores[0][id], scores[1][id], 1e-5, device + " score of " + id);
            }
        }
    }

    @Test
    void anAdapterIsTrainedAsOnTheWidenedWeights() throws IOException {
        TrainSettings settings = SmallRun.settings(SmallRun.LORA, 1e-2, 3, 0);
        List<TrainingRun.Report> wide = new ArrayList<>();
        List<TrainingRun.Report> blocks = new ArrayList<>();
        SmallRun.run(settings, widened(), directory.resolve("tuned wide"), false, wide::add);
        SmallRun.run(settings, quantized, directory.resolve("tuned"), false, blocks::add);
        for (int step = 0; step < SmallRun.STEPS; step++) {
            assertEquals(wide.get(step).loss(), blocks.get(step).loss(), 1e-4, "loss of step " + step);
            assertEquals(wide.get(step).gradientNorm(), blocks.get(step).gradientNorm(),
                    1e-3 * wide.get(step).gradientNorm(), "gradient of step " + step);
        }
        // The adapter fits the model that the base was made from.
        AdapterMerge.merge(model, directory.resolve("tuned"), directory.resolve("merged"), ByteProgress.SILENT);
    }

    /// The result is a plain model, of the weights as they are used.
    @ParameterizedTest
    @EnumSource
    void anAdapterIsMergedIntoTheWidenedWeights(Quantization form) throws IOException {
        Path base = directory.resolve("base");
        QuantizedModel.write(model, base, form, ByteProgress.SILENT);
        Path tuned = directory.resolve("tuned");
        SmallRun.run(SmallRun.settings(SmallRun.LORA, 1e-2, 3, 0), base, tuned, false, report -> {});
        Path merged = directory.resolve("merged");
        assertEquals(14, AdapterMerge.merge(base, tuned, merged, ByteProgress.SILENT).merged());
        int[] ids = {5, 9, 17, 3, 60, 44, 8};
        OpenOptions plain = OpenOptions.standard().withDevice(Devices.byName("cpu"));
        try (LlamaWeights weights = LlamaWeights.open(merged)) {
            assertNull(weights.config.metadata().quantization());
            assertTrue(weights.infos().stream().allMatch(info -> info.dtype() == DType.F32));
        }
        float[][] scores = new float[2][];
        for (int i = 0; i < 2; i++) {
            try (LoadedModel loaded = LoadedModel.open(i == 0 ? base : merged,
                    i == 0 ? plain.withAdapter(tuned) : plain);
                    Generator generator = new Generator(loaded.device, loaded.model, loaded.resident, 20)) {
                scores[i] = generator.append(ids);
            }
        }
        for (int id = 0; id < scores[0].length; id++) {
            assertEquals(scores[0][id], scores[1][id], 1e-5, "score of " + id);
        }
    }

    private static void refused(String words, org.junit.jupiter.api.function.Executable work) {
        IOException e = assertThrows(IOException.class, work);
        assertTrue(e.getMessage().contains(words), e.getMessage());
    }

    @Test
    void whatNeedsTheOriginalRefusesAQuantizedModel() {
        Path out = directory.resolve("out");
        refused("quantized already",
                () -> QuantizedModel.write(quantized, out, Quantization.Q8_0, ByteProgress.SILENT));
        refused("training every weight needs the model",
                () -> SmallRun.run(SmallRun.settings(null, 1e-3, 1, 0), quantized, out, false, report -> {}));
        refused("a merge needs the model", () -> ChatVector.merge(model, quantized, model, out,
                new ChatVector.Options(1, ChatVector.Vocabulary.STRICT, Map.of()), ByteProgress.SILENT));
        assertFalse(Files.exists(out));
    }

    @Test
    void aWeightThatIsNotFiniteIsNamed() throws IOException {
        Path broken = Files.createDirectory(directory.resolve("broken"));
        Files.copy(model.resolve("config.json"), broken.resolve("config.json"));
        String name = "model.layers.1.self_attn.v_proj.weight";
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(model)) {
            Map<String, Tensor> tensors = weights.resident();
            Tensor copy = Tensor.of(arena, tensors.get(name).shape(), tensors.get(name).toFloats());
            copy.setFloat(77, Float.NaN);
            tensors.put(name, copy);
            SafetensorsWriter.writeFile(broken.resolve("model.safetensors"), tensors, Map.of());
        }
        Path out = directory.resolve("out");
        refused("\"" + name + "\": a value that is not finite",
                () -> QuantizedModel.write(broken, out, Quantization.Q8_0, ByteProgress.SILENT));
        assertFalse(Files.exists(out));
    }
}

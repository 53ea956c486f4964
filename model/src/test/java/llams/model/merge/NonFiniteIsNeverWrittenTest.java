package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import llams.engine.Golden;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.engine.weights.Quantization;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import llams.model.merge.ChatVector.Options;
import llams.model.merge.ChatVector.Vocabulary;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/// No merge and no quantizing leaves a model with an infinity or a NaN: it ends with the tensor, the number of values,
/// and their cause.
class NonFiniteIsNeverWrittenTest {
    private static final String EMBEDDING = "model.embed_tokens.weight";
    private static final String LINEAR = "model.layers.0.mlp.up_proj.weight";
    private static final String NORM = "model.norm.weight";

    @TempDir
    Path temporary;
    private final Map<String, ModelDirectory> models = new LinkedHashMap<>();
    private Path out;

    @BeforeEach
    void threeModels() throws IOException {
        for (String name : List.of("base", "instruct", "tuned")) {
            models.put(name,
                    new ModelDirectory(temporary.resolve(name), 7).with(EMBEDDING, DType.F32, 6, 4)
                            .with(LINEAR, DType.F32, 5, 4)
                            .with(NORM, DType.F32, 4));
        }
        out = temporary.resolve("out");
    }

    private MergeReport merge(Vocabulary vocabulary) throws IOException {
        return ChatVector.merge(models.get("base").write(), models.get("instruct").write(), models.get("tuned").write(),
                out, new Options(1, vocabulary, Map.of()), ByteProgress.SILENT);
    }

    private void refused(Vocabulary vocabulary, String... parts) throws IOException {
        assertRefused(assertThrows(IOException.class, () -> merge(vocabulary)).getMessage(), parts);
    }

    private void assertRefused(String message, String... parts) throws IOException {
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
        try (Stream<Path> children = Files.list(temporary)) {
            assertTrue(children.noneMatch(child -> child.getFileName().toString().startsWith("out")),
                    "something is left");
        }
    }

    @Test
    void whatF16CannotHold() throws IOException {
        models.get("tuned").with(LINEAR, DType.F16, 5, 4).tensor(LINEAR).setFloat(3, 65000);
        models.get("instruct").tensor(LINEAR).setFloat(3, 600);
        models.get("base").tensor(LINEAR).setFloat(3, 0);
        refused(Vocabulary.STRICT, "\"" + LINEAR + "\": 1 of 20 values of the result would be infinite or NaN",
                "F16 ends at 65504", "BF16 and F32 would hold them",
                models.get("tuned").path + ", so convert that model first");
        // The largest that is still rounded to 65504.
        models.get("instruct").tensor(LINEAR).setFloat(3, 519);
        merge(Vocabulary.STRICT);
        try (Checkpoint result = Checkpoint.open(out)) {
            assertEquals(65504, result.tensor(LINEAR).getFloat(3));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"base", "instruct", "tuned"})
    void whatAnInputHasAlready(String broken) throws IOException {
        models.get(broken).tensor(LINEAR).setFloat(0, Float.NaN);
        models.get(broken).tensor(LINEAR).setFloat(7, Float.NEGATIVE_INFINITY);
        refused(Vocabulary.STRICT, "\"" + LINEAR + "\": 2 of 20 values", broken + " already has 2 such values");
    }

    @Test
    void whatIsTakenOverAsItIs() throws IOException {
        models.get("tuned").tensor(EMBEDDING).setFloat(11, Float.POSITIVE_INFINITY);
        refused(Vocabulary.SKIP, "\"" + EMBEDDING + "\": 1 of 24 values", "tuned already has 1 such values");
    }

    @Test
    void inputsThatDoNotReachTheResultDoNotCount() throws IOException {
        models.get("instruct").tensor(EMBEDDING).setFloat(11, Float.NaN);
        merge(Vocabulary.SKIP);
    }

    /// Where float32 itself ends no type helps: the result is PyTorch's, and a note says so.
    @Test
    void whatNoTypeHoldsIsNoted() throws IOException {
        models.get("tuned").tensor(LINEAR).setFloat(2, 3e38f);
        models.get("instruct").tensor(LINEAR).setFloat(2, 3e38f);
        String note = merge(Vocabulary.STRICT).notes().getFirst();
        assertTrue(note.contains("\"" + LINEAR + "\": 1 of 20 values are beyond what any type of weights holds"), note);
    }

    /// A copy of the first golden model with `dtype` weights, of which one value is changed.
    private Path golden(DType dtype, String tensor, float value) throws IOException {
        Path golden = Golden.models().findFirst().orElseThrow().dir("f32");
        Path copy = Files.createDirectory(temporary.resolve("golden"));
        Files.copy(golden.resolve("config.json"), copy.resolve("config.json"));
        try (Arena arena = Arena.ofConfined(); Checkpoint weights = Checkpoint.open(golden)) {
            Map<String, Tensor> tensors = new LinkedHashMap<>();
            for (String name : weights.names()) {
                Tensor narrow = Tensor.allocate(arena, dtype, weights.shape(name));
                for (long i = 0; i < narrow.elements(); i++) {
                    narrow.setFloat(i, weights.tensor(name).getFloat(i));
                }
                tensors.put(name, narrow);
            }
            if (tensor != null) {
                tensors.get(tensor).setFloat(1, value);
            }
            SafetensorsWriter.writeFile(copy.resolve("model.safetensors"), tensors, Map.of());
        }
        return copy;
    }

    /// An adapter on `q_proj` whose every A is 1 and B is `b`.
    private Path adapter(Path base, float b) throws IOException {
        Path adapter = Files.createDirectory(temporary.resolve("adapter"));
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(base)) {
            Adapter lora = Adapter.create(arena, new LoraConfig(1, 1, 0, EnumSet.of(ProjectionName.Q), false),
                    weights.config, 1);
            lora.tensors().forEach((name, tensor) -> {
                for (long i = 0; i < tensor.elements(); i++) {
                    tensor.setFloat(i, name.contains("lora_A") ? 1 : i == 0 ? b : 0);
                }
            });
            AdapterFiles.write(adapter, lora, lora.tensors(), weights);
        }
        return adapter;
    }

    private void adapterIsRefused(Path base, float b, String... parts) throws IOException {
        Path adapter = adapter(base, b);
        assertRefused(assertThrows(IOException.class, () -> AdapterMerge.merge(base, adapter, out, ByteProgress.SILENT))
                .getMessage(), parts);
    }

    @Test
    void anAdapterTooStrongForF16() throws IOException {
        Path base = golden(DType.F16, null, 0);
        long columns;
        try (Checkpoint weights = Checkpoint.open(base)) {
            columns = weights.shape(Adapter.weightName(0, ProjectionName.Q)).dim(1);
        }
        adapterIsRefused(base, 1e6f, "\"" + Adapter.weightName(0, ProjectionName.Q) + "\": " + columns + " of ",
                "F16 ends at 65504", base + ", so convert that model first");
    }

    @Test
    void anAdapterTooStrongForAnyType() throws IOException {
        Path base = golden(DType.BF16, Adapter.weightName(0, ProjectionName.Q), 3e38f);
        adapterIsRefused(base, 3e38f, "\"" + Adapter.weightName(0, ProjectionName.Q) + "\": 1 of ",
                "beyond what any type of weights holds");
    }

    @Test
    void anAdapterWithNaN() throws IOException {
        adapterIsRefused(golden(DType.F32, null, 0), Float.NaN, "layers.0.self_attn.q_proj.lora_B.weight\": 1 of ",
                "values are infinite or NaN");
    }

    @Test
    void aBaseWithNaNWhereNoAdapterIs() throws IOException {
        adapterIsRefused(golden(DType.BF16, NORM, Float.NaN), 0, "\"" + NORM + "\": 1 of ",
                "the base already has 1 such values");
    }

    @Test
    void quantizingLooksAtWhatItLeavesAsItIsToo() throws IOException {
        Path model = golden(DType.F32, NORM, Float.NaN);
        String message = assertThrows(IOException.class,
                () -> QuantizedModel.write(model, out, Quantization.Q8_0, ByteProgress.SILENT)).getMessage();
        assertRefused(message, "\"" + NORM + "\": a value that is not finite", "1 of ");
    }
}

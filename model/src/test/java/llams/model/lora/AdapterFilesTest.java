package llams.model.lora;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
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
import java.util.Set;
import java.util.function.Consumer;
import llams.engine.Golden;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsFile;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.files.OutputDirectory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/// Adapters are written as PEFT reads them, read as PEFT writes them, and only for the model they are for.
class AdapterFilesTest {
    private static final LoraConfig CONFIG = new LoraConfig(3, 6, 0.1,
            EnumSet.of(ProjectionName.DOWN, ProjectionName.Q), false);

    @TempDir
    Path directory;
    private Golden.Model model;
    private LlamaWeights base;
    private Arena arena;

    @BeforeEach
    void open() throws IOException {
        model = Golden.models().findFirst().orElseThrow();
        base = LlamaWeights.open(model.dir("f32"));
        arena = Arena.ofConfined();
    }

    @AfterEach
    void close() throws IOException {
        base.close();
        arena.close();
    }

    private Map<String, Tensor> written(LoraConfig config) throws IOException {
        return written(Adapter.create(arena, config, base.config, 5));
    }

    private Map<String, Tensor> written(Adapter adapter) throws IOException {
        AdapterFiles.write(directory, adapter, adapter.tensors(), base);
        return new LinkedHashMap<>(adapter.tensors());
    }

    private void refused(String... parts) {
        String message = assertThrows(IOException.class, () -> AdapterFiles.read(directory, base, arena)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), "\"" + part + "\" is missing in: " + message);
        }
    }

    /// Writes `tensors` as an adapter of `CONFIG`.
    private void replaceWeights(Map<String, Tensor> tensors) throws IOException {
        SafetensorsWriter.writeFile(directory.resolve(AdapterFiles.WEIGHTS), tensors, Map.of());
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        Map<String, Tensor> tensors = written(CONFIG);
        Adapter read = AdapterFiles.read(directory, base, arena);
        assertEquals(CONFIG.layout(base.config), read.layout());
        assertEquals(tensors.keySet(), read.tensors().keySet());
        for (String name : tensors.keySet()) {
            assertArrayEquals(tensors.get(name).toFloats(), read.tensors().get(name).toFloats());
        }
    }

    @Test
    void filesHaveTheFormPeftAcceptsAsTheGoldenAdapterDoes() throws IOException {
        Path golden = model.cases("lora_init");
        written(AdapterFiles.read(golden, base, arena));
        JsonNode expected = Golden.json(golden.resolve(AdapterFiles.CONFIG));
        JsonNode actual = Golden.json(directory.resolve(AdapterFiles.CONFIG));
        for (Map.Entry<String, JsonNode> field : expected.properties()) {
            if (!field.getKey().equals("base_model_name_or_path")) {
                assertEquals(field.getValue(), actual.get(field.getKey()), field.getKey());
            }
        }
        assertEquals(base.directory.toAbsolutePath().toString(), actual.get("base_model_name_or_path").asString());
        try (SafetensorsFile a = SafetensorsFile.open(golden.resolve(AdapterFiles.WEIGHTS));
                SafetensorsFile b = SafetensorsFile.open(directory.resolve(AdapterFiles.WEIGHTS))) {
            assertEquals(a.entries().values().stream().map(SafetensorsFile.Entry::info).toList(),
                    b.entries().values().stream().map(SafetensorsFile.Entry::info).toList());
            assertEquals("pt", b.metadata().get("format"));
        }
    }

    @Test
    void newAdapterIsUniformInAAndZeroInB() {
        Adapter adapter = Adapter.create(arena, CONFIG, base.config, 5);
        assertEquals(2 * 2 * base.config.layers(), adapter.tensors().size());
        adapter.tensors().forEach((name, tensor) -> {
            double bound = name.contains("lora_A") ? 1 / Math.sqrt(tensor.shape().dim(1)) : 0;
            double largest = 0;
            double sum = 0;
            for (float value : tensor.toFloats()) {
                largest = Math.max(largest, Math.abs(value));
                sum += value;
            }
            assertTrue(largest <= bound * 1.000001 && largest >= 0.9 * bound,
                    name + " reaches " + largest + " of " + bound);
            assertTrue(Math.abs(sum / tensor.elements()) <= bound / 4,
                    name + " has a mean of " + sum / tensor.elements());
        });
        Adapter same = Adapter.create(arena, CONFIG, base.config, 5);
        Adapter other = Adapter.create(arena, CONFIG, base.config, 6);
        String name = Adapter.nameA(0, ProjectionName.Q);
        assertArrayEquals(adapter.tensors().get(name).toFloats(), same.tensors().get(name).toFloats());
        assertNotEquals(adapter.a(0, ProjectionName.Q).getFloat(0), other.a(0, ProjectionName.Q).getFloat(0));
        assertNotEquals(adapter.a(0, ProjectionName.Q).getFloat(0), adapter.a(0, ProjectionName.DOWN).getFloat(0));
    }

    @Test
    void rankStabilizedScaleIsWrittenAsPlainAlpha() throws IOException {
        LoraConfig stabilized = new LoraConfig(8, 16, 0, Set.of(ProjectionName.V), true);
        written(stabilized);
        JsonNode json = Golden.json(directory.resolve(AdapterFiles.CONFIG));
        assertEquals(false, json.get("use_rslora").asBoolean());
        assertEquals(16 * Math.sqrt(8), json.get("lora_alpha").asDouble());
        LoraLayout.Part read = AdapterFiles.read(directory, base, arena).layout().part(0, ProjectionName.V);
        assertEquals(stabilized.scale(), read.scale());
        assertEquals((float) (16 / Math.sqrt(8)), read.scale());
    }

    @Test
    void narrowAdaptersAreWidened() throws IOException {
        Map<String, Tensor> narrow = new LinkedHashMap<>();
        written(CONFIG).forEach((name, tensor) -> {
            Tensor half = Tensor.allocate(arena, DType.BF16, tensor.shape());
            for (long i = 0; i < tensor.elements(); i++) {
                half.setFloat(i, tensor.getFloat(i));
            }
            narrow.put(name, half);
        });
        replaceWeights(narrow);
        Adapter read = AdapterFiles.read(directory, base, arena);
        narrow.forEach((name, tensor) -> {
            assertEquals(DType.F32, read.tensors().get(name).dtype());
            assertArrayEquals(tensor.toFloats(), read.tensors().get(name).toFloats());
        });
    }

    @Test
    void missingFilesAreSaid() throws IOException {
        refused("there is no adapter_config.json");
        written(CONFIG);
        Files.delete(directory.resolve(AdapterFiles.WEIGHTS));
        refused("adapter_model.safetensors: there is no such file");
        Files.createFile(directory.resolve("adapter_model.bin"));
        refused("adapter_model.bin is a Python pickle");
    }

    @Test
    void missingTensorIsNamed() throws IOException {
        Map<String, Tensor> tensors = written(CONFIG);
        tensors.remove(Adapter.nameB(1, ProjectionName.Q));
        replaceWeights(tensors);
        refused("\"base_model.model.model.layers.1.self_attn.q_proj.lora_B.weight\" [", "] is missing");
    }

    @Test
    void otherShapeIsNamed() throws IOException {
        Map<String, Tensor> tensors = written(CONFIG);
        tensors.put(Adapter.nameA(0, ProjectionName.Q), tensors.get(Adapter.nameB(0, ProjectionName.Q)));
        replaceWeights(tensors);
        refused("layers.0.self_attn.q_proj.lora_A.weight\" is [", "ask for [3, " + base.config.dim() + "]");
    }

    @Test
    void furtherTensorsAreNamed() throws IOException {
        Map<String, Tensor> tensors = written(CONFIG);
        tensors.put("base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector",
                tensors.get(Adapter.nameB(0, ProjectionName.Q)));
        replaceWeights(tensors);
        refused("lora_magnitude_vector\" does not belong to an adapter that adapter_config.json describes for this model");
    }

    @Test
    void tensorThatIsNotThereCannotBeWritten() {
        assertTrue(assertThrows(IllegalArgumentException.class,
                () -> AdapterFiles.write(directory, Adapter.create(arena, CONFIG, base.config, 5), Map.of(), base))
                .getMessage()
                .contains("not absent"));
    }

    @Test
    void adapterOfAnotherBaseIsRefused() throws IOException {
        written(CONFIG);
        Path changed = changedCopy("model.layers.1.self_attn.q_proj.weight", tensor -> {
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.setFloat(i, tensor.getFloat(i) + 0.001f);
            }
        });
        try (LlamaWeights other = LlamaWeights.open(changed)) {
            String message = assertThrows(IOException.class, () -> AdapterFiles.read(directory, other, arena))
                    .getMessage();
            assertTrue(
                    message.contains("was trained on a base model of fingerprint 1:")
                            && message.contains(changed + " has 1:") && message.contains(base.directory.toString()),
                    message);
        }
    }

    /// A change outside of what every use looks at, and of what any adapter reaches.
    @Test
    void adapterOfAnotherContentIsRefusedWhereAllIsCompared() throws IOException {
        written(CONFIG);
        AdapterFiles.checkBase(directory, base);
        for (String name : List.of("model.norm.weight", "model.embed_tokens.weight",
                "model.layers.0.mlp.up_proj.weight")) {
            Path changed = changedCopy(name, tensor -> tensor.setFloat(0, tensor.getFloat(0) + 0.001f));
            try (LlamaWeights other = LlamaWeights.open(changed)) {
                AdapterFiles.read(directory, other, arena);
                String message = assertThrows(IOException.class, () -> AdapterFiles.checkBase(directory, other))
                        .getMessage();
                assertTrue(message.contains("was trained on a base model of fingerprint 2:")
                        && message.contains(changed + " has 2:"), message);
            }
            OutputDirectory.delete(changed);
        }
    }

    @Test
    void copyInAnotherTypeIsTheSameBase() throws IOException {
        written(CONFIG);
        try (LlamaWeights narrow = LlamaWeights.open(model.dir("bf16"))) {
            AdapterFiles.read(directory, narrow, arena);
            AdapterFiles.checkBase(directory, narrow);
        }
    }

    @Test
    void notesOfRunsAgreeAsFarAsTheyGo() throws IOException {
        String note = BaseFingerprint.ofBoth(base);
        assertTrue(note.matches("1:[0-9a-f]{32} 2:[0-9a-f]{16}-[0-9a-f]{16}"), note);
        String sample = BaseFingerprint.of(base.checkpoint);
        assertTrue(BaseFingerprint.agree(note, note) && BaseFingerprint.agree(sample, note)
                && BaseFingerprint.agree(note, sample));
        assertFalse(BaseFingerprint.agree(note, note.substring(0, note.length() - 1) + "x"));
        assertFalse(BaseFingerprint.agree("1:0", note) || BaseFingerprint.agree("random", note));
        assertFalse(
                BaseFingerprint.agree(note + " adapter=1", note) || BaseFingerprint.agree(sample + " adapter=1", note));
    }

    @Test
    void theBaseIsNamedFromTheRootUnlessTheHubHasIt() throws IOException {
        Adapter adapter = Adapter.create(arena, CONFIG, base.config, 5);
        String root = base.directory.toAbsolutePath().normalize().toString();
        for (String name : new String[] {null, "hf5", "./some/model", "/gone/model", "a/b/c",
                "meta-llama/Llama-3.2-1B"}) {
            AdapterFiles.write(directory, new Adapter(adapter.layout(), adapter.tensors(), name, List.of()),
                    adapter.tensors(), base);
            assertEquals("meta-llama/Llama-3.2-1B".equals(name) ? name : root, AdapterFiles.baseModel(directory));
        }
    }

    @Test
    void everyProjectionHasARankOfItsOwn() throws IOException {
        Map<String, LoraLayout.Part> parts = new LinkedHashMap<>();
        parts.put(ProjectionName.Q.module(0), new LoraLayout.Part(1, 3));
        parts.put(ProjectionName.DOWN.module(1), new LoraLayout.Part(5, 2.5));
        LoraLayout layout = new LoraLayout(parts, 0.25);
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        Adapter.shapes(layout, base.config)
                .forEach((name, shape) -> tensors.put(name, Tensor.allocate(arena, DType.F32, shape)));
        assertEquals(4, tensors.size());
        written(new Adapter(layout, tensors, null, List.of()));
        assertEquals(layout, AdapterFiles.read(directory, base, arena).layout());
        assertEquals(layout, AdapterFiles.layout(directory));
        assertEquals(new LoraConfig(1, 3, 0.25, EnumSet.of(ProjectionName.Q, ProjectionName.DOWN), false),
                AdapterFiles.config(directory));
        tensors.put(Adapter.nameA(0, ProjectionName.K), tensors.get(Adapter.nameA(0, ProjectionName.Q)));
        replaceWeights(tensors);
        refused("layers.0.self_attn.k_proj.lora_A.weight\" does not belong to an adapter that adapter_config.json describes");
    }

    @Test
    void whatCountsForNothingIsNoted() throws IOException {
        written(CONFIG);
        Path config = directory.resolve(AdapterFiles.CONFIG);
        Files.writeString(config, Files.readString(config).replace("\"q_proj\"", "\"q_proj\", \"c_attn\""));
        assertEquals(List.of(config + ": target_modules \"c_attn\" matches nothing in this model"),
                AdapterFiles.read(directory, base, arena).notes());
    }

    /// A copy of the base with one tensor changed.
    private Path changedCopy(String changed, Consumer<Tensor> change) throws IOException {
        Path copy = Files.createDirectory(directory.resolve("changed"));
        Map<String, Tensor> tensors = new LinkedHashMap<>();
        for (String name : base.checkpoint.names()) {
            Tensor tensor = base.checkpoint.tensor(name);
            if (name.equals(changed)) {
                tensor = Tensor.of(arena, tensor.shape(), tensor.toFloats());
                change.accept(tensor);
            }
            tensors.put(name, tensor);
        }
        SafetensorsWriter.writeFile(copy.resolve("model.safetensors"), tensors, Map.of());
        Files.copy(base.directory.resolve("config.json"), copy.resolve("config.json"));
        return copy;
    }

    @Test
    void fingerprintIsTheModelsNotTheFiles() throws IOException {
        try (Checkpoint narrow = Checkpoint.open(model.dir("bf16"))) {
            assertEquals(BaseFingerprint.of(base.checkpoint), BaseFingerprint.of(narrow));
        }
        List<Golden.Model> models = Golden.models().toList();
        for (Golden.Model other : models.subList(1, models.size())) {
            try (Checkpoint checkpoint = Checkpoint.open(other.dir("f32"))) {
                assertNotEquals(BaseFingerprint.of(base.checkpoint), BaseFingerprint.of(checkpoint));
            }
        }
    }

    @Test
    void adapterWithoutFingerprintIsAccepted() throws IOException {
        replaceWeights(written(CONFIG));
        assertEquals(CONFIG.layout(base.config), AdapterFiles.read(directory, base, arena).layout());
    }
}

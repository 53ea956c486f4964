package llams.engine.weights;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.engine.Golden;
import llams.engine.llama.Linear;
import llams.engine.llama.Llama;
import llams.engine.safetensors.Checkpoint;
import llams.engine.safetensors.SafetensorsWriter;
import llams.engine.tensor.DType;
import llams.engine.tensor.Shape;
import llams.engine.tensor.Tensor;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// What a model's files hold beside what is used is noted by name, and whether the head is the embedding is what the
/// weights say.
class UnusedTensorsAreNotedTest {
    private static final String NOT_TIED = "config.json says tie_word_embeddings true, but \"lm_head.weight\" is"
            + " not the embedding: it is used as a head of its own";

    private final Arena arena = Arena.ofAuto();
    private final Map<String, Tensor> tensors = new LinkedHashMap<>();
    private boolean isHeadCopied;

    @TempDir
    Path directory;

    /// The golden model, tied or not, as `config` leaves its config.json.
    private LlamaWeights open(boolean tied, String wanted, String instead) throws IOException {
        Golden.Model model = Golden.models().filter(m -> isTied(m) == tied).findFirst().orElseThrow();
        try (Checkpoint checkpoint = Checkpoint.open(model.dir("f32"))) {
            for (String name : checkpoint.names()) {
                Tensor stored = checkpoint.tensor(name);
                Tensor copy = Tensor.allocate(arena, stored.dtype(), stored.shape());
                copy.data().copyFrom(stored.data());
                tensors.putIfAbsent(name, copy);
            }
            if (isHeadCopied) {
                tensors.put(Llama.HEAD, tensors.get(Llama.EMBEDDING));
            }
            SafetensorsWriter.writeFile(directory.resolve("model.safetensors"), tensors, Map.of());
        }
        String config = Files.readString(model.dir("f32").resolve("config.json"));
        assertTrue(config.contains(wanted), config);
        Files.writeString(directory.resolve("config.json"), config.replace(wanted, instead));
        return LlamaWeights.open(directory);
    }

    private static boolean isTied(Golden.Model model) {
        try {
            return ConfigJson.read(model.dir("f32")).tied();
        } catch (IOException e) {
            throw new IllegalStateException(e);
        }
    }

    private LlamaWeights with(boolean tied, String name, DType dtype, long... dims) throws IOException {
        tensors.put(name, Tensor.allocate(arena, dtype, Shape.of(dims)));
        return open(tied, "{", "{");
    }

    @Test
    void aHeadThatDiffersIsUsedAlthoughTheConfigSaysTied() throws IOException {
        try (LlamaWeights weights = open(false, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true")) {
            assertFalse(weights.config.tied());
            assertEquals(List.of(NOT_TIED), weights.notes);
            assertEquals(Llama.HEAD, ((Linear) weights.model().head()).weight().name());
            assertTrue(new String(weights.configJson()).contains("\"tie_word_embeddings\" : false"),
                    new String(weights.configJson()));
        }
    }

    @Test
    void aHeadOfAnotherTypeIsItsOwn() throws IOException {
        tensors.put(Llama.HEAD, Tensor.allocate(arena, DType.BF16, Shape.of(512, 64)));
        try (LlamaWeights weights = open(false, "\"tie_word_embeddings\": false", "\"tie_word_embeddings\": true")) {
            assertEquals(List.of(NOT_TIED), weights.notes);
        }
    }

    @Test
    void aCopyOfTheEmbeddingChangesNothing() throws IOException {
        isHeadCopied = true;
        try (LlamaWeights weights = open(true, "{", "{")) {
            assertTrue(weights.checkpoint.has(Llama.HEAD));
            assertTrue(weights.config.tied());
            assertEquals(List.of(), weights.notes);
            assertArrayEquals(Files.readAllBytes(directory.resolve("config.json")), weights.configJson());
        }
    }

    @Test
    void aHeadThatIsMissingIsRefusedWithWhatTheConfigCouldSay() {
        IOException e = assertThrows(IOException.class,
                () -> open(true, "\"tie_word_embeddings\": true", "\"tie_word_embeddings\": false").close());
        assertTrue(e.getMessage()
                .contains("\"lm_head.weight\" is missing (a head that is the embedding needs"
                        + " \"tie_word_embeddings\": true)"),
                e.getMessage());
    }

    @Test
    void layersThatTheConfigLeavesOutAreCounted() throws IOException {
        try (LlamaWeights weights = open(false, "\"num_hidden_layers\": 3", "\"num_hidden_layers\": 1")) {
            assertEquals(List.of("18 tensors of layers 1 to 2 are not used: config.json says num_hidden_layers 1"),
                    weights.notes);
        }
    }

    @Test
    void partsOfOtherModelsAreNamedOnce() throws IOException {
        tensors.put("vision_tower.blocks.0.weight", Tensor.allocate(arena, DType.F32, Shape.of(2)));
        tensors.put("vision_tower.blocks.1.weight", Tensor.allocate(arena, DType.F32, Shape.of(2)));
        tensors.put("model.layers.0.self_attn.q_proj.bias", Tensor.allocate(arena, DType.F32, Shape.of(64)));
        try (LlamaWeights weights = with(true, "scales", DType.F8_E8M0, 3)) {
            assertEquals(
                    List.of("4 tensors are not used, as the model has no such part:"
                            + " model.layers.*.self_attn.q_proj.bias, scales, vision_tower.blocks.*.weight (2)"),
                    weights.notes);
        }
    }

    @Test
    void manyNamesAreCutShort() throws IOException {
        for (char c = 'a'; c < 'j'; c++) {
            tensors.put("x" + c, Tensor.allocate(arena, DType.F32, Shape.of(1)));
        }
        try (LlamaWeights weights = open(true, "{", "{")) {
            assertEquals(List.of("9 tensors are not used, as the model has no such part: xa, xb, xc, xd, xe, xf and"
                    + " 3 more names"), weights.notes);
        }
    }

    @Test
    void buffersOfOldProgramsAreNotWorthANote() throws IOException {
        try (LlamaWeights weights = with(true, "model.layers.1.self_attn.rotary_emb.inv_freq", DType.F32, 4)) {
            assertEquals(List.of(), weights.notes);
        }
    }

    @Test
    void aWeightOfATypeThatIsNotCalculatedWithIsRefusedByName() {
        IOException e = assertThrows(IOException.class, () -> with(true, Llama.NORM, DType.F8_E4M3, 64).close());
        assertTrue(e.getMessage().contains("\"model.norm.weight\" is F8_E4M3, not F32, BF16 or F16"), e.getMessage());
    }
}

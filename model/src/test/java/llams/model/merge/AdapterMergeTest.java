package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Random;
import llams.engine.Golden;
import llams.engine.llama.ProjectionName;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.BFloat16;
import llams.engine.tensor.Tensor;
import llams.engine.weights.LlamaWeights;
import llams.model.files.ByteProgress;
import llams.model.lora.Adapter;
import llams.model.lora.AdapterFiles;
import llams.model.lora.LoraConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AdapterMergeTest {
    private static final LoraConfig CONFIG = new LoraConfig(5, 3, 0, EnumSet.of(ProjectionName.K, ProjectionName.DOWN),
            true);
    @TempDir
    Path temporary;

    /// A copy of the first golden model with bf16 weights, and a random adapter for it.
    private Path base() throws IOException {
        Path golden = Golden.models().findFirst().orElseThrow().dir("bf16");
        Path base = Files.createDirectory(temporary.resolve("base"));
        Files.copy(golden.resolve("config.json"), base.resolve("config.json"));
        Files.copy(golden.resolve("model.safetensors"), base.resolve("model.safetensors"));
        return base;
    }

    private Adapter adapter(Arena arena, LlamaWeights base) throws IOException {
        Adapter adapter = Adapter.create(arena, CONFIG, base.config, 1);
        Random random = new Random(2);
        adapter.tensors().forEach((name, tensor) -> {
            for (long i = 0; i < tensor.elements(); i++) {
                tensor.setFloat(i, (float) random.nextGaussian() / 8);
            }
        });
        AdapterFiles.write(Files.createDirectories(temporary.resolve("adapter")), adapter, adapter.tensors(), base);
        return adapter;
    }

    @Test
    void narrowWeightsAreRoundedOnce() throws IOException {
        Path base = base();
        Path out = temporary.resolve("out");
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(base)) {
            Adapter adapter = adapter(arena, weights);
            MergeReport report = AdapterMerge.merge(base, temporary.resolve("adapter"), out, ByteProgress.SILENT);
            assertEquals(2 * weights.config.layers(), report.merged());
            assertEquals(weights.checkpoint.names().size(), report.merged() + report.copied());
            try (Checkpoint merged = Checkpoint.open(out)) {
                for (int layer = 0; layer < weights.config.layers(); layer++) {
                    for (ProjectionName projection : CONFIG.targets()) {
                        assertFolded(adapter, layer, projection, weights.checkpoint, merged);
                    }
                }
            }
        }
    }

    private static void assertFolded(Adapter adapter, int layer, ProjectionName projection, Checkpoint before,
            Checkpoint after) throws IOException {
        Tensor was = before.tensor(Adapter.weightName(layer, projection));
        Tensor is = after.tensor(Adapter.weightName(layer, projection));
        int in = (int) was.shape().dim(1);
        int rank = CONFIG.rank();
        for (int i = 0; i < was.elements(); i++) {
            float sum = 0;
            for (int r = 0; r < rank; r++) {
                sum += adapter.b(layer, projection).getFloat((long) i / in * rank + r)
                        * adapter.a(layer, projection).getFloat((long) r * in + i % in);
            }
            assertEquals(BFloat16.toFloat(BFloat16.fromFloat(was.getFloat(i) + CONFIG.scale() * sum)), is.getFloat(i));
        }
    }

    @Test
    void filesOfTheBaseGoAlongAndThoseOfTheAdapterGoBefore() throws IOException {
        Path base = base();
        Files.writeString(base.resolve("tokenizer.json"), "base");
        Files.writeString(base.resolve("generation_config.json"), "base");
        try (Arena arena = Arena.ofConfined(); LlamaWeights weights = LlamaWeights.open(base)) {
            adapter(arena, weights);
        }
        Files.writeString(temporary.resolve("adapter/chat_template.jinja"), "adapter");
        Files.writeString(temporary.resolve("adapter/generation_config.json"), "adapter");
        Path out = temporary.resolve("out");
        AdapterMerge.merge(base, temporary.resolve("adapter"), out, ByteProgress.SILENT);
        assertEquals("base", Files.readString(out.resolve("tokenizer.json")));
        assertEquals("adapter", Files.readString(out.resolve("chat_template.jinja")));
        assertEquals("adapter", Files.readString(out.resolve("generation_config.json")));
        assertFalse(Files.exists(out.resolve("adapter_config.json")));
        LlamaWeights.open(out).close();
    }

    @Test
    void nothingIsWrittenIfTheAdapterDoesNotFit() throws IOException {
        Path base = base();
        Path out = temporary.resolve("out");
        assertThrows(IOException.class,
                () -> AdapterMerge.merge(base, temporary.resolve("absent"), out, ByteProgress.SILENT));
        assertFalse(Files.exists(out));
        String message = assertThrows(IOException.class,
                () -> AdapterMerge.merge(base, base, base, ByteProgress.SILENT)).getMessage();
        assertTrue(message.contains("is there already and not empty"), message);
    }
}

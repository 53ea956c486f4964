package llams.model.card;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import llams.engine.weights.Quantization;
import llams.model.create.NewModel;
import llams.model.create.QuantizedModel;
import llams.model.files.ByteProgress;
import llams.model.merge.AdapterMerge;
import llams.model.merge.ChatVector;
import llams.model.merge.ModelMerge;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;
import llams.model.merge.extract.AdapterExtraction;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// Whatever makes a model or an adapter of others writes its card and passes their licence on.
class EveryResultHasACardTest {
    @TempDir
    Path temporary;

    private Path model(String name, int seed) throws IOException {
        LlamaConfig config = LlamaConfig.standard(32, 48, 1, 4, 2, 64)
                .withMetadata(LlamaConfig.Metadata.standard().withDtype("float32"));
        Path model = temporary.resolve(name);
        NewModel.write(config, seed, null, model, ByteProgress.SILENT);
        Files.writeString(model.resolve("README.md"), "---\nlicense: llama3\n---\n# " + name + "\n");
        Files.writeString(model.resolve("LICENSE"), "the licence");
        Files.writeString(model.resolve("USE_POLICY.md"), "the policy");
        return model;
    }

    /// Returns the card.
    private static String check(Path out) throws IOException {
        assertEquals("the licence", Files.readString(out.resolve("LICENSE")));
        assertEquals("the policy", Files.readString(out.resolve("USE_POLICY.md")));
        String card = Files.readString(out.resolve("README.md"));
        assertTrue(card.contains("**Built with Meta Llama 3**"), card);
        assertEquals("llama3", CardMetadata.of(out).one("license"));
        return card;
    }

    private static void says(Path out, String... parts) throws IOException {
        String card = check(out);
        for (String part : parts) {
            assertTrue(card.contains(part), "\"" + part + "\" is missing in:\n" + card);
        }
    }

    @Test
    void merges() throws IOException {
        Path base = model("base", 1);
        Path instruct = model("instruct", 2);
        Path tuned = model("tuned", 3);
        Path vector = temporary.resolve("vector");
        Setting scale = new Setting.Filtered(List.of(Setting.Case.of("mlp", new Setting.Constant(0.5)),
                Setting.Case.of(null, new Setting.Constant(1))));
        ChatVector.merge(base, instruct, tuned, vector,
                new ChatVector.Options(scale, ChatVector.Vocabulary.STRICT, Map.of()), ByteProgress.SILENT);
        says(vector, "# Merge of tuned, instruct, base", "tuned + scale × (instruct − base)",
                "| instruct | `instruct` |", "| scale for `mlp` | 0.5 |", "| scale | 1.0 |");
        Path linear = temporary.resolve("linear");
        ModelMerge.merge(MergeConfig.of(Method.LINEAR, null,
                List.of(new MergeConfig.Source(base, Map.of("weight", new Setting.Constant(0.25))),
                        new MergeConfig.Source(tuned, Map.of())),
                Map.of("weight", new Setting.Gradient(List.of(0.0, 1.0)))), linear, ByteProgress.SILENT);
        says(linear, "| method | linear |", "| weight | [0.0, 1.0] |", "| weight of model 1 | 0.25 |",
                "| model 2 | `tuned` |");
    }

    @Test
    void adaptersAndQuantizedModels() throws IOException {
        Path base = model("base", 1);
        Path adapter = temporary.resolve("adapter");
        AdapterExtraction.extract(base, model("tuned", 3), adapter, 4, EnumSet.of(ProjectionName.Q),
                ByteProgress.SILENT);
        says(adapter, "library_name: peft", "# LoRA adapter for base, tuned", "| self_attn.q_proj | ", "%");
        Path merged = temporary.resolve("merged");
        AdapterMerge.merge(base, adapter, merged, ByteProgress.SILENT);
        says(merged, "| adapter | `adapter` |");
        Path small = temporary.resolve("small");
        QuantizedModel.write(merged, small, Quantization.Q8_0, ByteProgress.SILENT);
        says(small, "library_name: llams", "# Q8_0 of merged", "| original | `merged` |");
    }
}

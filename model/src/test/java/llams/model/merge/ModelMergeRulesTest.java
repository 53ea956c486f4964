package llams.model.merge;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import llams.engine.safetensors.Checkpoint;
import llams.engine.tensor.DType;
import llams.engine.tensor.Tensor;
import llams.model.files.ByteProgress;
import llams.model.files.DataException;
import llams.model.merge.config.MergeConfig;
import llams.model.merge.config.MergeConfig.Source;
import llams.model.merge.config.MergeConfigFile;
import llams.model.merge.config.Method;
import llams.model.merge.config.Setting;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What cannot be merged is refused with the place and the reason, and nothing is written.
class ModelMergeRulesTest {
    private static final String NORM = "model.norm.weight";
    private static final String EMBEDDING = "model.embed_tokens.weight";

    @TempDir
    Path temporary;

    private ModelDirectory model(String name, long vocabulary) throws IOException {
        ModelDirectory model = new ModelDirectory(temporary.resolve(name), name.hashCode());
        model.with(EMBEDDING, DType.BF16, vocabulary, 4).with(NORM, DType.BF16, 4);
        for (int layer = 0; layer < 3; layer++) {
            model.with("model.layers." + layer + ".mlp.up_proj.weight", DType.BF16, 5, 4);
        }
        return model;
    }

    private static Map<String, Setting> constant(String name, double value) {
        return Map.of(name, new Setting.Constant(value));
    }

    private MergeConfig linear(double first, double second) {
        return MergeConfig.of(Method.LINEAR, null,
                List.of(new Source(temporary.resolve("a"), constant("weight", first)),
                        new Source(temporary.resolve("b"), constant("weight", second))),
                Map.of());
    }

    private void refused(MergeConfig config, String... parts) {
        String message = assertThrows(IOException.class,
                () -> ModelMerge.merge(config, temporary.resolve("out"), ByteProgress.SILENT)).getMessage();
        for (String part : parts) {
            assertTrue(message.contains(part), message);
        }
        assertFalse(Files.exists(temporary.resolve("out")));
        assertEquals(0, temporary.toFile().list((_, name) -> name.contains("tmp")).length);
    }

    @Test
    void vocabulariesOfDifferentSize() throws IOException {
        model("a", 6).write();
        model("b", 7).write();
        refused(linear(1, 1), "\"" + EMBEDDING + "\" is [6, 4] in", ", [7, 4] in", "different vocabularies");
    }

    @Test
    void missingTensors() throws IOException {
        model("a", 6).write();
        model("b", 6).without(NORM).with("model.extra.weight", DType.BF16, 4).write();
        refused(linear(1, 1), "\"" + NORM + "\" BF16 [4] is in", "but not in " + temporary.resolve("b"),
                "\"model.extra.weight\" BF16 [4] is in " + temporary.resolve("b"));
    }

    @Test
    void weightsThatAddUpToNothing() throws IOException {
        model("a", 6).write();
        model("b", 6).write();
        refused(linear(1, -1), "the weights add up to 0", "normalize");
    }

    @Test
    void theBaseMayBeSpelledInAnotherWay() throws IOException {
        model("a", 6).write();
        model("b", 6).write();
        MergeConfig merge = MergeConfig.of(Method.LINEAR, temporary.resolve("a/../b"), linear(1, 1).models(), Map.of());
        assertEquals(temporary.resolve("b"), merge.reference());
        ModelMerge.merge(merge, temporary.resolve("out"), ByteProgress.SILENT);
        assertTrue(Files.exists(temporary.resolve("out/config.json")));
    }

    @Test
    void noModelThere() throws IOException {
        model("a", 6).write();
        refused(linear(1, 1), temporary.resolve("b") + ": no such directory");
    }

    @Test
    void gradientsAndFiltersReachTheirTensors() throws IOException {
        model("a", 6).write();
        ModelDirectory b = model("b", 6);
        b.write();
        Setting weight = new Setting.Filtered(List.of(Setting.Case.of("norm", new Setting.Constant(0)),
                Setting.Case.of("*", new Setting.Gradient(List.of(0.0, 1.0)))));
        MergeConfig config = MergeConfig.of(Method.TASK_ARITHMETIC, temporary.resolve("a"),
                List.of(new Source(temporary.resolve("b"), Map.of("weight", weight))), Map.of());
        ModelMerge.merge(config.withDtype(DType.F32), temporary.resolve("out"), ByteProgress.SILENT);
        try (Checkpoint a = Checkpoint.open(temporary.resolve("a"));
                Checkpoint out = Checkpoint.open(temporary.resolve("out"))) {
            for (String name : out.names()) {
                float share = name.equals("model.layers.1.mlp.up_proj.weight")
                        ? 0.5f
                        : name.equals("model.layers.2.mlp.up_proj.weight") ? 1 : 0;
                Tensor from = a.tensor(name);
                for (long i = 0; i < from.elements(); i++) {
                    float base = from.getFloat(i);
                    assertEquals(base + share * (b.tensor(name).getFloat(i) - base), out.tensor(name).getFloat(i),
                            name);
                }
            }
        }
    }

    /// Other threads, other partition of the work: the same bytes.
    @Test
    void theSameBytesEveryTime() throws IOException {
        model("a", 6).with("model.layers.0.mlp.down_proj.weight", DType.BF16, 300, 1000).write();
        model("b", 6).with("model.layers.0.mlp.down_proj.weight", DType.BF16, 300, 1000).write();
        model("c", 6).with("model.layers.0.mlp.down_proj.weight", DType.BF16, 300, 1000).write();
        for (Method method : List.of(Method.TIES, Method.DARE_TIES, Method.DARE_LINEAR)) {
            MergeConfig config = MergeConfig.of(method, temporary.resolve("a"),
                    List.of(new Source(temporary.resolve("b"), Map.of()), new Source(temporary.resolve("c"), Map.of())),
                    Map.of("weight", new Setting.Constant(0.5), "density", new Setting.Constant(0.4)));
            ModelMerge.merge(config, temporary.resolve(method + "1"), ByteProgress.SILENT);
            ModelMerge.merge(config, temporary.resolve(method + "2"), ByteProgress.SILENT);
            assertEquals(-1, Files.mismatch(temporary.resolve(method + "1/model.safetensors"),
                    temporary.resolve(method + "2/model.safetensors")), method.name());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"merge_method: linaer | :1: wanted one of linear, slerp, task_arithmetic", //
                    "models: [] | merge_method is missing",
                    "merge_method: linear;modles: [] | :2: unknown key \"modles\"; known here: merge_method, base_model",
                    "merge_method: linear | wanted either models or slices, found neither",
                    "merge_method: linear;models: 3 | :2: wanted a list of models, found \"3\"",
                    "merge_method: linear;models:;- model: a;  parameters: {weigth: 1} | :4: unknown key \"weigth\"",
                    "merge_method: linear;models:;- model: a;- model: b | the model a needs a weight",
                    "merge_method: linear;models: [{model: a}];parameters: {weight: 1} | at least two models, not 1",
                    "merge_method: ties;models: [{model: a}];parameters: {weight: 1} | ties needs a base model",
                    "merge_method: ties;base_model: b;models: [{model: a}];parameters: {weight: 1, density: 1.5} "
                            + "| density 1.5 is not possible",
                    "merge_method: ties;base_model: b;models: [{model: a}];parameters: {weight: 1, int8_mask: true} "
                            + "| :4: int8_mask is not supported and not needed",
                    "merge_method: slerp;base_model: b;models: [{model: a}] | slerp needs t",
                    "merge_method: slerp;base_model: b;models: [{model: a}];parameters: {t: [0, x]} "
                            + "| :4: wanted a number, found \"x\"",
                    "merge_method: slerp;base_model: b;models: [{model: a}];parameters: {t: [{filter: '(', value: 1}]} "
                            + "| :4: \"(\" is not a regular expression",
                    "merge_method: linear;models: [{model: a}, {model: b}];parameters: {weight: 1};dtype: int8 "
                            + "| :4: wanted float32, bfloat16 or float16, found \"int8\"",
                    "merge_method: linear;models: [{model: a}, {model: a}];parameters: {weight: 1} "
                            + "| the model a is given twice",
                    "merge_method: linear;models: &x [{model: a}, *x] | references (*) are not supported",
                    "merge_method: linear;merge_method: ties | :2: \"merge_method\" appears twice, first at",
                    "merge_method: linear;slices: [{sources: []}, {sources: []}] | only whole models can be merged",
                    "merge_method: chat_vector;base_model: a;tuned_model: b | instruct_model is missing",
                    "merge_method: [linear | not YAML", //
                    "'' | found nothing"})
    void filesWithMistakes(String text, String wanted) throws IOException {
        Path file = temporary.resolve("merge.yaml");
        Files.writeString(file, text.replace(';', '\n'));
        String message = assertThrows(DataException.class, () -> MergeConfigFile.read(file)).getMessage();
        assertTrue(message.startsWith(file + ":") && message.contains(wanted), message);
    }

    /// mergekit's older form, with layers that must be all of them.
    @Test
    void slicesOfWholeModels() throws IOException {
        String config = "{\"model_type\": \"llama\", \"hidden_size\": 4, \"intermediate_size\": 5,"
                + " \"num_hidden_layers\": 3, \"num_attention_heads\": 2, \"vocab_size\": 6, \"rms_norm_eps\": 1e-5,"
                + " \"max_position_embeddings\": 8}";
        model("a", 6).file("config.json", config).write();
        model("b", 6).file("config.json", config).write();
        String text = """
                slices:
                  - sources:
                      - model: A
                        layer_range: [0, 3]
                      - model: B
                        layer_range: [0, END]
                merge_method: slerp
                base_model: A
                parameters:
                  t:
                    - filter: self_attn
                      value: [0, 0.5, 0.3, 0.7, 1]
                    - filter: mlp
                      value: [1, 0.5, 0.7, 0.3, 0]
                    - value: 0.5
                dtype: bfloat16
                """.replace("A\n", temporary.resolve("a") + "\n").replace("B\n", temporary.resolve("b") + "\n");
        Path file = temporary.resolve("merge.yaml");
        Files.writeString(file, text.replace("END", "3"));
        MergeConfig read = MergeConfigFile.read(file);
        assertEquals(List.of(temporary.resolve("a"), temporary.resolve("b")), read.inputs());
        assertEquals(0.7, read.value("t", "model.layers.1.mlp.up_proj.weight", 0.5, 9));
        assertEquals(0.5, read.value("t", NORM, 1, 9));
        assertEquals(5, ModelMerge.merge(read, temporary.resolve("out"), ByteProgress.SILENT).merged());
        Files.writeString(file, text.replace("END", "2"));
        assertTrue(assertThrows(DataException.class, () -> MergeConfigFile.read(file)).getMessage()
                .contains("must be [0, 3]"));
    }
}

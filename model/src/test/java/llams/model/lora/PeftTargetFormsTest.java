package llams.model.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Every form in which PEFT names the modules of an adapter, their ranks and their strengths means what it means there.
class PeftTargetFormsTest {
    private static final LlamaConfig MODEL = LlamaConfig.standard(8, 16, 12, 2, 2, 10);

    @TempDir
    Path directory;

    private PeftConfig config(String fields) throws IOException {
        Path file = directory.resolve("adapter_config.json");
        Files.writeString(file, "{\"peft_type\": \"LORA\", \"r\": 4, \"lora_alpha\": 8, " + fields + "}");
        return PeftConfig.read(file);
    }

    private LoraLayout layout(String fields) throws IOException {
        return config(fields).rules().layout(Modules.of(MODEL));
    }

    /// Such as `q 0 2, up 1`: every projection with the layers in which it has an adapter; `*` for all layers.
    private static String shown(LoraLayout layout) {
        Set<String> shown = new LinkedHashSet<>();
        for (ProjectionName projection : ProjectionName.values()) {
            List<Integer> layers = List.copyOf(layout.layers(projection));
            if (!layers.isEmpty()) {
                shown.add(projection.shortName() + " "
                        + (layers.size() == MODEL.layers()
                                ? "*"
                                : layers.stream().map(String::valueOf).collect(Collectors.joining(" "))));
            }
        }
        return String.join(", ", shown);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "->",
            quoteCharacter = '`',
            value = {"\"target_modules\": [\"q_proj\", \"mlp.up_proj\"] -> q *, up *",
                    "\"target_modules\": [\"self_attn.q_proj\", \"0.mlp.up_proj\"] -> q *, up 0",
                    "\"target_modules\": [\"1.mlp.up_proj\", \"layers.10.mlp.down_proj\"] -> up 1, down 10",
                    "\"target_modules\": [\"model.layers.1.self_attn.v_proj\", \"model.layers.11.mlp.up_proj\"] ->"
                            + " v 1, up 11",
                    "\"target_modules\": \"All-Linear\" -> q *, k *, v *, o *, gate *, up *, down *",
                    "\"target_modules\": \".*\\\\.(q_proj|v_proj)\" -> q *, v *",
                    "\"target_modules\": \"model\\\\.layers\\\\.[13]\\\\.mlp\\\\..*_proj\" -> gate 1 3, up 1 3,"
                            + " down 1 3",
                    "\"target_modules\": \".*layers\\\\.(?P<n>[0-2])\\\\..*k_proj\\\\Z\" -> k 0 1 2",
                    "\"target_modules\": \"all-linear\", \"exclude_modules\": [\"o_proj\", \"mlp.gate_proj\"] -> q"
                            + " *, k *, v *, up *, down *",
                    "\"target_modules\": [\"q_proj\"], \"exclude_modules\": \".*\\\\.1\\\\d?\\\\..*\" -> q 0 2 3 4"
                            + " 5 6 7 8 9",
                    "\"target_modules\": [\"q_proj\"], \"exclude_modules\": \"q_proj\" -> q *",
                    "\"target_modules\": [\"q_proj\", \"v_proj\"], \"layers_to_transform\": 3 -> q 3, v 3",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [0, 11] -> q 0 11",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [] -> q *",
                    "\"target_modules\": [\"q_proj\", \"model.layers.5.self_attn.k_proj\"],"
                            + " \"layers_to_transform\": [2] -> q 2, k 5",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [2], \"layers_pattern\": \"layers\""
                            + " -> q 2",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [2], \"layers_pattern\": [\"h\","
                            + " \"layers\"] -> q 2",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [2], \"layers_pattern\":"
                            + " [\"lay...\"] -> q 2",})
    void modules(String fields, String expected) throws IOException {
        assertEquals(expected, shown(layout(fields)));
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "->",
            quoteCharacter = '`',
            value = {"\"rank_pattern\": {\"q_proj\": 2} -> 0 -> 2 -> 8",
                    "\"rank_pattern\": {\"q_proj\": 2, \"model.layers.0.self_attn.q_proj\": 16} -> 0 -> 2 -> 8",
                    "\"rank_pattern\": {\"model.layers.0.self_attn.q_proj\": 16, \"q_proj\": 2} -> 0 -> 16 -> 8",
                    "\"rank_pattern\": {\"model.layers.1.self_attn.q_proj\": 16} -> 11 -> 4 -> 8",
                    "\"rank_pattern\": {\"proj\": 16, \"q\": 3, \"attn.q_proj\": 5} -> 0 -> 4 -> 8",
                    "\"rank_pattern\": {\"k_proj|q_proj\": 3} -> 0 -> 3 -> 8",
                    "\"rank_pattern\": {\"^model.layers.[01].self_attn.q_proj\": 3} -> 1 -> 3 -> 8",
                    "\"rank_pattern\": {\"^layers.0.self_attn.q_proj\": 3} -> 0 -> 4 -> 8",
                    "\"alpha_pattern\": {\".*q_proj\": 2.5} -> 0 -> 4 -> 2.5",
                    "\"alpha_pattern\": {\"self_attn\\\\..*\": 3, \"q_proj\": 6} -> 0 -> 4 -> 3",
                    "\"rank_pattern\": {\"q_proj\": 16}, \"alpha_pattern\": {\"q_proj\": 10}, \"use_rslora\": true"
                            + " -> 0 -> 16 -> 40",
                    "\"rank_pattern\": null, \"alpha_pattern\": {} -> 0 -> 4 -> 8",})
    void rankAndStrength(String fields, int layer, int rank, double alpha) throws IOException {
        LoraLayout.Part part = layout("\"target_modules\": [\"q_proj\"], " + fields).part(layer, ProjectionName.Q);
        assertEquals(new LoraLayout.Part(rank, alpha), part);
    }

    @ParameterizedTest
    @CsvSource(
            delimiterString = "->",
            quoteCharacter = '`',
            value = {"\"target_modules\": \".*\", \"use_dora\": true -> `dora` must be left out for an adapter on",
                    "\"target_modules\": [\"q_proj\", \"embed_tokens\"], \"use_dora\": true -> `dora` must"
                            + " be left out for an adapter on model.embed_tokens",
                    "\"target_modules\": \"(q_proj\" -> target_modules: \"(q_proj\" is not a regular expression",
                    "\"target_modules\": [\"q_proj\", 7] -> \"target_modules\" must hold names, not 7",
                    "\"target_modules\": 7 -> \"target_modules\" must be a list of names, a pattern or"
                            + " \"all-linear\", not 7",
                    "\"target_modules\": \"q_proj\" -> needs at least one target",
                    "\"target_modules\": [\"c_attn\"] -> needs at least one target",
                    "\"target_modules\": \".*q_proj\", \"layers_to_transform\": [0] -> layers_to_transform needs"
                            + " target_modules to be a list",
                    "\"target_modules\": [\"q_proj\"], \"layers_pattern\": \"layers\" -> layers_pattern \"layers\""
                            + " needs layers_to_transform",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [\"0\"] -> \"layers_to_transform\""
                            + " must be a layer's number",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": [0], \"layers_pattern\": \"h\" ->"
                            + " needs at least one target",
                    "\"target_modules\": [\"q_proj\"], \"rank_pattern\": {\"q_proj\": 0} -> rank_pattern: LoRA rank"
                            + " 0 is not possible",
                    "\"target_modules\": [\"q_proj\"], \"rank_pattern\": {\"q_proj\": 1.5} -> rank_pattern: a rank"
                            + " must be a whole number, not 1.5",
                    "\"target_modules\": [\"q_proj\"], \"rank_pattern\": [2] -> \"rank_pattern\" must map patterns"
                            + " to numbers",
                    "\"target_modules\": [\"q_proj\"], \"alpha_pattern\": {\"*\": 2} -> alpha_pattern:"
                            + " \"(.*\\.)?(*)$\" is not a regular expression",
                    "\"target_modules\": [\"q_proj\"], \"init_lora_weights\": \"lora_ga\" -> init_lora_weights"
                            + " \"lora_ga\" changes the base model's weights",
                    "\"target_modules\": [\"q_proj\"], \"init_lora_weights\": \"OLoRA\" -> init_lora_weights"
                            + " \"OLoRA\" changes the base model's weights",
                    "\"target_modules\": [\"q_proj\"], \"init_lora_weights\": \"corda\" -> init_lora_weights"
                            + " \"corda\" changes the base model's weights",
                    "\"target_modules\": [\"q_proj\"], \"init_lora_weights\": \"loftq\" -> init_lora_weights"
                            + " \"loftq\" changes the base model's weights",
                    "\"target_modules\": [\"q_proj\"], \"init_lora_weights\": \"brand_new\" -> init_lora_weights"
                            + " \"brand_new\" is not known",
                    "\"target_modules\": [\"q_proj\"], \"kasa_config\": {\"beta\": 1} -> kasa_config {\"beta\":1}"
                            + " is not supported",
                    "\"target_modules\": [\"q_proj\"], \"velora_config\": {\"scale\": 1} -> velora_config"
                            + " {\"scale\":1} is not supported",
                    "\"target_modules\": [\"q_proj\"], \"megatron_config\": {\"a\": 1} -> megatron_config {\"a\":1}"
                            + " is not supported",
                    "\"target_modules\": [\"q_proj\"], \"trainable_token_indices\": [1] -> trainable_token_indices"
                            + " [1] is not supported",
                    "\"target_modules\": [\"q_proj\"], \"target_parameters\": [\"mlp.up\"] -> target_parameters"
                            + " [\"mlp.up\"] is not supported",
                    "\"target_modules\": [\"q_proj\"], \"task_type\": \"SEQ_CLS\" -> task_type \"SEQ_CLS\" is not"
                            + " supported; this program knows: CAUSAL_LM",})
    void refusedByName(String fields, String expected) {
        String message = assertThrows(Exception.class, () -> layout(fields)).getMessage();
        assertTrue(message.contains(expected), message);
    }

    @Test
    void beginningsThatKeepTheBaseArePlainAdapters() throws IOException {
        LoraLayout plain = layout("\"target_modules\": [\"q_proj\"]");
        for (String initial : List.of("true", "false", "null", "\"gaussian\"", "\"eva\"", "\"orthogonal\"",
                "\"mica\"")) {
            PeftConfig config = config("\"target_modules\": [\"q_proj\"], \"eva_config\": {\"rho\": 2.0},"
                    + " \"init_lora_weights\": " + initial);
            assertEquals(plain, config.rules().layout(Modules.of(MODEL)), initial);
            assertEquals(List.of(), config.notes());
        }
    }

    @Test
    void whatCountsForNothingIsNoted() throws IOException {
        PeftConfig config = config("\"target_modules\": [\"q_proj\", \"c_attn\"], \"layers_to_transform\": [0, 12],"
                + " \"rank_pattern\": {\"v_proj\": 2, \"q_proj\": 3}, \"alpha_pattern\": {\"h.0.q_proj\": 2},"
                + " \"from_the_future\": 1");
        assertEquals(List.of("target_modules \"c_attn\"", "layers_to_transform 12", "rank_pattern \"v_proj\"",
                "alpha_pattern \"h.0.q_proj\""), config.rules().unused(MODEL));
        assertEquals(List.of(directory.resolve("adapter_config.json") + ": from_the_future is not known and left out"),
                config.notes());
    }

    @Test
    void hostilePatternsEndSoon() {
        assertTimeoutPreemptively(Duration.ofSeconds(20), () -> {
            for (String pattern : List.of("(.*)*(.*)*(.*)*(.*)*(.*)*x", "(([a-z._0-9]+)+)+!", "(".repeat(200_000),
                    "(a?){60}".repeat(400) + "!")) {
                String message = assertThrows(Exception.class, () -> layout("\"target_modules\": \"" + pattern + "\""))
                        .getMessage();
                assertTrue(message.length() < 500 && message.contains("regular expression")
                        || message.contains("at least one"), message);
            }
        });
    }

    /// What is written is read again as the same, in PEFT's shortest words.
    @ParameterizedTest
    @CsvSource(
            delimiterString = "->",
            quoteCharacter = '`',
            value = {
                    "\"target_modules\": \"all-linear\" -> \"target_modules\" : [ \"q_proj\", \"k_proj\", \"v_proj\","
                            + " \"o_proj\", \"gate_proj\", \"up_proj\", \"down_proj\" ]",
                    "\"target_modules\": \".*\\\\.(q_proj|v_proj)\" -> \"target_modules\" : [ \"q_proj\", \"v_proj\" ]",
                    "\"target_modules\": [\"q_proj\"], \"layers_to_transform\": 3 -> \"layers_to_transform\" : [ 3 ]",
                    "\"target_modules\": [\"0.self_attn.q_proj\", \"model.layers.1.mlp.up_proj\"] ->"
                            + " \"target_modules\" : ["
                            + " \"model.layers.0.self_attn.q_proj\", \"model.layers.1.mlp.up_proj\" ]",
                    "\"target_modules\": [\"q_proj\", \"v_proj\", \"k_proj\"], \"rank_pattern\": {\"q_proj\": 2} ->"
                            + " \"rank_pattern\" : {   \"q_proj\" : 2 }",
                    "\"target_modules\": [\"q_proj\"], \"alpha_pattern\": {\"1.self_attn.q_proj\": 2.5} ->"
                            + " \"model.layers.1.self_attn.q_proj\" : 2.5",
                    "\"target_modules\": [\"q_proj\", \"v_proj\"], \"use_rslora\": true, \"rank_pattern\":"
                            + " {\"3.self_attn.q_proj\": 16} -> \"use_rslora\" : false",})
    void writtenIsRead(String fields, String words) throws IOException {
        LoraLayout layout = layout(fields);
        byte[] written = PeftWriter.write(layout, MODEL, "base");
        Files.write(directory.resolve("adapter_config.json"), written);
        PeftConfig read = PeftConfig.read(directory.resolve("adapter_config.json"));
        assertEquals(layout, read.rules().layout(Modules.of(MODEL)));
        assertEquals(List.of(), read.notes());
        assertEquals(List.of(), read.rules().unused(MODEL));
        String text = new String(written, StandardCharsets.UTF_8).replaceAll("\\s", "");
        assertTrue(text.contains(words.replaceAll("\\s", "")), text);
    }
}

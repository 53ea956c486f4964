package llams.engine.weights;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import llams.engine.llama.LlamaConfig;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// What a `config.json` may say, in both of the forms in use, and what is refused by name.
class LlamaConfigTest {
    private static final String SIZES = """
            "model_type": "llama", "hidden_size": 64, "intermediate_size": 96, "num_hidden_layers": 2,
            "num_attention_heads": 4, "vocab_size": 100""";

    private static final String FACTORS = "\"factor\": 8.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0";

    @TempDir
    Path directory;

    private LlamaConfig read(String fields) throws IOException {
        Files.writeString(directory.resolve("config.json"), "{" + fields + "}");
        return ConfigJson.read(directory);
    }

    private String refusal(String fields) {
        return assertThrows(IOException.class, () -> read(fields)).getMessage();
    }

    @Test
    void absentFieldsHaveTheLibrarysDefaults() throws IOException {
        LlamaConfig config = read(SIZES);
        assertEquals(4, config.kvHeads());
        assertEquals(16, config.headDim());
        assertEquals(1e-6f, config.normEps());
        assertEquals(10000, config.ropeTheta());
        assertNull(config.ropeScaling());
        assertEquals(2048, config.maxPositions());
        assertEquals(List.of(), config.metadata().eos());
    }

    @Test
    void ropeIsReadInTheOlderAndTheNewerForm() throws IOException {
        String scaling = """
                "rope_type": "llama3", "factor": 32.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                "original_max_position_embeddings": 8192""";
        LlamaConfig older = read(SIZES + ", \"rope_theta\": 500000.0, \"rope_scaling\": {" + scaling + "}");
        LlamaConfig newer = read(SIZES + ", \"rope_parameters\": {\"rope_theta\": 500000.0, " + scaling + "}");
        assertEquals(new LlamaConfig.RopeScaling(32, 1, 4, 8192), older.ropeScaling());
        assertEquals(older, newer);
        assertNull(
                read(SIZES + ", \"rope_parameters\": {\"rope_theta\": 7.0, \"rope_type\": \"default\"}").ropeScaling());
    }

    @Test
    void whereBothRopeFormsStandTheOlderCounts() throws IOException {
        String newer = ", \"rope_parameters\": {\"rope_type\": \"default\", \"rope_theta\": 7.0}";
        assertEquals(7, read(SIZES + newer + ", \"rope_scaling\": null").ropeTheta());
        assertEquals(7, read(SIZES + newer + ", \"rope_scaling\": {}, \"rope_theta\": 5.0").ropeTheta());
        LlamaConfig both = read(
                SIZES + newer + ", \"rope_scaling\": {\"type\": \"llama3\"," + FACTORS + "}, \"rope_theta\": 5.0");
        assertEquals(5, both.ropeTheta());
        assertEquals(8, both.ropeScaling().factor());
    }

    /// Checked with Hugging Face's library: the frequencies follow from the first of them that is there.
    @ParameterizedTest
    @CsvSource({"2048, , 2048", "2048, 1024, 2048", ", 1024, 1024", ", , 4096"})
    void theOriginalContextStandsBesideTheScalingOrInIt(Integer beside, Integer inside, double wanted)
            throws IOException {
        String name = ", \"original_max_position_embeddings\": ";
        LlamaConfig config = read(SIZES + ", \"max_position_embeddings\": 4096" + (beside == null ? "" : name + beside)
                + ", \"rope_scaling\": {\"rope_type\": \"llama3\"," + FACTORS + (inside == null ? "" : name + inside)
                + "}");
        assertEquals(wanted, config.ropeScaling().originalPositions());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"\"hidden_act\": \"swish\"", "\"attention_bias\": null", "\"partial_rotary_factor\": 1",
                    "\"eos_token_id\": []",
                    "\"rope_parameters\": {\"rope_type\": \"default\", \"partial_rotary_factor\": 1.0,"
                            + " \"rope_theta\": 10000.0}"})
    void whatChangesNothingIsAccepted(String field) throws IOException {
        assertEquals(read(SIZES), read(SIZES + ", " + field));
    }

    @Test
    void dropoutIsKeptForTraining() throws IOException {
        LlamaConfig config = read(SIZES + ", \"attention_dropout\": 0.1");
        assertEquals(0.1, config.metadata().attentionDropout());
        Files.writeString(directory.resolve("config.json"), ConfigJson.text(config));
        assertEquals(0.1, ConfigJson.read(directory).metadata().attentionDropout());
        assertEquals(0, read(SIZES + ", \"attention_dropout\": null").metadata().attentionDropout());
    }

    @Test
    void headDimMayBeGivenNullOrAbsent() throws IOException {
        assertEquals(24, read(SIZES + ", \"head_dim\": 24").headDim());
        assertEquals(16, read(SIZES + ", \"head_dim\": null").headDim());
    }

    @Test
    void stopIdsAreOneOrSeveralAndTheGenerationConfigWins() throws IOException {
        assertEquals(List.of(7), ConfigJson.stopIds(read(SIZES + ", \"eos_token_id\": 7"), directory));
        LlamaConfig several = read(SIZES + ", \"eos_token_id\": [7, 8, 9]");
        assertEquals(List.of(7, 8, 9), ConfigJson.stopIds(several, directory));
        Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": [5, 6]}");
        assertEquals(List.of(5, 6), ConfigJson.stopIds(several, directory));
    }

    @Test
    void whatIsNoStopIdIsRefused() throws IOException {
        LlamaConfig config = read(SIZES);
        Files.writeString(directory.resolve("generation_config.json"), "{\"eos_token_id\": \"<|eot_id|>\"}");
        String refusal = assertThrows(IOException.class, () -> ConfigJson.stopIds(config, directory)).getMessage();
        assertTrue(
                refusal.endsWith(
                        "generation_config.json: \"eos_token_id\" must be an id or a list of ids, not \"<|eot_id|>\""),
                refusal);
    }

    @Test
    void whatIsWrittenIsReadBackTheSame() throws IOException {
        LlamaConfig config = LlamaConfig.standard(48, 80, 3, 6, 2, 333)
                .withRope(500000, new LlamaConfig.RopeScaling(8, 1, 4, 8192))
                .withMaxPositions(4096)
                .withTied(true)
                .withMetadata(LlamaConfig.Metadata.standard().withIds(1, List.of(2, 3)).withDtype("bfloat16"));
        Files.writeString(directory.resolve("config.json"), ConfigJson.text(config));
        assertEquals(config, ConfigJson.read(directory));
    }

    @Test
    void theParameterCountIsThatOfThePublishedModel() throws IOException {
        LlamaConfig llama3 = LlamaConfig.standard(4096, 14336, 32, 32, 8, 128256);
        assertEquals(8_030_261_248L, llama3.parameters());
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"\"attention_bias\": true | attention_bias true is not supported",
                    "\"mlp_bias\": \"false\" | mlp_bias \"false\" is not supported",
                    "\"rope_theta\": \"500000.0\" | \"rope_theta\" must be a positive number, not \"500000.0\"",
                    "\"rms_norm_eps\": -1 | \"rms_norm_eps\" must be a positive number, not -1",
                    "\"tie_word_embeddings\": \"true\" | \"tie_word_embeddings\" must be true or false, not \"true\"",
                    "\"eos_token_id\": \"2\" | \"eos_token_id\" must be an id or a list of ids, not \"2\"",
                    "\"eos_token_id\": [2, null] | \"eos_token_id\" must be an id or a list of ids, not [2,null]",
                    "\"bos_token_id\": 1.5 | \"bos_token_id\" must be an id or a list of ids, not 1.5",
                    "\"mlp_bias\": true | mlp_bias true is not supported",
                    "\"hidden_act\": \"gelu\" | hidden_act \"gelu\" is not supported",
                    "\"sliding_window\": 4096 | sliding_window 4096 is not supported",
                    "\"quantization_config\": {\"quant_method\": \"awq\"} | quantization_config",
                    "\"rope_scaling\": {\"type\": \"yarn\", \"factor\": 4} | rope type \"yarn\" is not supported",
                    "\"attention_dropout\": 1.5 | \"attention_dropout\" must be a number from 0 to below 1, not 1.5",
                    "\"attention_dropout\": \"0.1\" | \"attention_dropout\" must be a number",
                    "\"eos_token_id\": -1 | \"eos_token_id\" must be an id or a list of ids, not -1",
                    "\"eos_token_id\": [2, -3] | \"eos_token_id\" must be an id or a list of ids, not [2,-3]",
                    "\"bos_token_id\": -2 | \"bos_token_id\" must be an id",
                    "\"eos_token_id\": 3000000000 | \"eos_token_id\" must be an id",
                    "\"dtype\": {} | \"dtype\" must be a string, not {}",
                    "\"torch_dtype\": 16 | \"torch_dtype\" must be a string, not 16",
                    "\"num_key_value_heads\": [] | \"num_key_value_heads\" must be a positive whole number, not []",
                    "\"rms_norm_eps\": 1e400 | \"rms_norm_eps\" must be a positive number",
                    "\"rope_theta\": 0 | \"rope_theta\" must be a positive number, not 0",
                    "\"partial_rotary_factor\": 0.5 | partial_rotary_factor 0.5 is not supported",
                    "\"rope_parameters\": {\"partial_rotary_factor\": 0.5} | partial_rotary_factor 0.5 is not"
                            + " supported",
                    "\"rope_scaling\": [] | rope_scaling must be an object",
                    "\"rope_scaling\": \"llama3\" | rope_scaling must be an object as in {\"rope_type\":"
                            + " \"llama3\", ...}, not \"llama3\"",
                    "\"rope_parameters\": 8.0 | rope_parameters must be an object",
                    "\"rope_scaling\": {\"rope_type\": [\"llama3\"]} | rope type",
                    "\"rope_scaling\": {\"rope_type\": \"llama3\"} | needs the number \"factor\"",
                    "\"num_key_value_heads\": 3 | not a multiple of num_key_value_heads 3",
                    "\"head_dim\": 15 | no even head_dim",
                    "\"num_key_value_heads\": -4 | must be a positive whole number, not -4"})
    void whatWouldChangeTheResultIsRefusedByName(String field, String message) {
        String refusal = refusal(SIZES + ", " + field);
        assertTrue(refusal.contains(message) && refusal.contains("config.json"), refusal);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                    "\"factor\": 0, \"low_freq_factor\": 1, \"high_freq_factor\": 4 | \"factor\" must be a positive"
                            + " number, not 0",
                    "\"factor\": 8, \"low_freq_factor\": 0, \"high_freq_factor\": 4 | \"low_freq_factor\" must be a"
                            + " positive number",
                    "\"factor\": 8, \"low_freq_factor\": -1, \"high_freq_factor\": 4 | \"low_freq_factor\" must be"
                            + " a positive number",
                    "\"factor\": 8, \"low_freq_factor\": 4, \"high_freq_factor\": 4 | a low_freq_factor below"
                            + " high_freq_factor, not 4.0 and 4.0",
                    "\"factor\": 8, \"low_freq_factor\": 5, \"high_freq_factor\": 4 | a low_freq_factor below"
                            + " high_freq_factor",
                    "\"factor\": \"8\", \"low_freq_factor\": 1, \"high_freq_factor\": 4 | \"factor\" must be a"
                            + " positive number, not \"8\"",
                    "\"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
                            + " \"original_max_position_embeddings\": 0 | must be a positive number"})
    void scalingThatCannotBeComputedIsRefused(String fields, String message) {
        String refusal = refusal(SIZES + ", \"rope_scaling\": {\"rope_type\": \"llama3\", " + fields + "}");
        assertTrue(refusal.contains(message), refusal);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                    "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 1000000 | \"num_hidden_layers\" is 1000000,"
                            + " more than any model has: 10000",
                    "\"hidden_size\": 64 | \"hidden_size\": 2147483644 | \"hidden_size\" is 2147483644, more than"
                            + " any model has",
                    "\"num_attention_heads\": 4 | \"num_attention_heads\": 65536, \"head_dim\": 65536 | 65536 heads"
                            + " of 65536 are wider than any model",
                    "\"num_hidden_layers\": 2 | \"num_hidden_layers\": 3000000000 | \"num_hidden_layers\" must be a"
                            + " positive whole number",
                    "\"intermediate_size\": 96, | \"intermediate_size\": 0, | \"intermediate_size\" must be a"
                            + " positive whole number, not 0"})
    void absurdSizesAreRefused(String sane, String absurd, String message) {
        String refusal = refusal(SIZES.replace(sane, absurd));
        assertTrue(refusal.contains(message), refusal);
    }

    @Test
    void sizesThatTogetherAreAbsurdAreRefused() {
        String refusal = refusal(SIZES.replace("\"hidden_size\": 64", "\"hidden_size\": 16777216")
                .replace("\"intermediate_size\": 96", "\"intermediate_size\": 16777216")
                .replace("layers\": 2", "layers\": 9999"));
        assertTrue(refusal.contains("parameters, more than any machine can hold"), refusal);
    }

    @Test
    void aLongValueIsCutInTheMessage() {
        String refusal = refusal(SIZES + ", \"eos_token_id\": \"" + "x".repeat(100_000) + "\"");
        assertTrue(refusal.length() < 500 && refusal.endsWith("x..."), refusal);
    }

    @Test
    void otherModelsMissingFieldsAndBrokenFilesAreRefused() {
        assertTrue(refusal("\"model_type\": \"qwen2\"")
                .contains("model_type \"qwen2\" is not supported; this program runs: llama"));
        assertTrue(refusal(SIZES.replace("vocab_size", "vocab")).contains("\"vocab_size\" is missing"));
        assertTrue(refusal(SIZES + ", \"hidden_size\": 32").contains("config.json: not valid JSON"));
        assertTrue(refusal(SIZES + ",").contains("config.json: not valid JSON"));
    }
}

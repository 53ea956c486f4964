package llams.model.lora;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import llams.engine.llama.LlamaConfig;
import llams.engine.llama.ProjectionName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// Whatever in a PEFT config would change the result and is not supported is refused by name; everything else is let
/// pass.
class PeftConfigTest {
    @TempDir
    Path directory;

    private static final LlamaConfig MODEL = LlamaConfig.standard(8, 16, 12, 2, 2, 10);

    private PeftConfig config(String fields) throws IOException {
        Path file = directory.resolve("adapter_config.json");
        Files.writeString(file, "{\"peft_type\": \"LORA\"" + (fields.isEmpty() ? "" : ", " + fields) + "}");
        return PeftConfig.read(file);
    }

    private LoraLayout read(String fields) throws IOException {
        return config(fields).rules().layout(Modules.of(MODEL));
    }

    private static final String PLAIN = "\"r\": 4, \"lora_alpha\": 8, \"target_modules\": [\"v_proj\","
            + " \"mlp.up_proj\"]";

    @Test
    void plainConfig() throws IOException {
        assertEquals(new LoraConfig(4, 8, 0, EnumSet.of(ProjectionName.V, ProjectionName.UP), false).layout(MODEL),
                read(PLAIN));
    }

    @Test
    void allLinear() throws IOException {
        assertEquals(new LoraConfig(4, 8.5, 0, EnumSet.allOf(ProjectionName.class), false).layout(MODEL),
                read("\"r\": 4, \"lora_alpha\": 8.5, \"target_modules\": \"all-linear\""));
    }

    @Test
    void rankStabilizedScale() throws IOException {
        assertEquals(4f, read(PLAIN + ", \"use_rslora\": true").part(0, ProjectionName.V).scale());
        assertEquals(2f, read(PLAIN).part(0, ProjectionName.V).scale());
    }

    @Test
    void unknownAndEmptyFieldsPass() throws IOException {
        read(PLAIN + ", \"x\": 1, \"bias\": \"none\", \"use_dora\": false, \"modules_to_save\": [],"
                + " \"rank_pattern\": {}, \"alpha_pattern\": null,"
                + " \"loftq_config\": {}, \"init_lora_weights\": \"gaussian\", \"task_type\": null,"
                + " \"fan_in_fan_out\": false");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"\"use_qalora\": true | use_qalora true is not supported",
                    "\"modules_to_save\": [\"norm\"] | modules_to_save has \"norm\", which is not supported",
                    "\"fan_in_fan_out\": true | fan_in_fan_out true is not supported",
                    "\"lora_bias\": true | lora_bias true is not supported",
                    "\"bias\": \"all\" | bias \"all\" is not supported",
                    "\"init_lora_weights\": \"pissa_niter_4\" | init_lora_weights \"pissa_niter_4\" changes the"
                            + " base model's weights",
                    "\"lora_dropout\": 1 | LoRA dropout 1.0 is not possible",})
    void refusedByName(String field, String expected) {
        String message = assertThrows(IOException.class, () -> read(PLAIN + ", " + field)).getMessage();
        assertTrue(message.contains("adapter_config.json: " + expected), message);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {"\"lora_alpha\": 8, \"target_modules\": [\"q_proj\"] | \"r\" must be a whole number, not absent",
                    "\"r\": 4, \"target_modules\": [\"q_proj\"] | \"lora_alpha\" must be a number, not absent",
                    "\"r\": 0, \"lora_alpha\": 8, \"target_modules\": [\"q_proj\"] | LoRA rank 0 is not possible",
                    "\"r\": 4, \"lora_alpha\": 8 | \"target_modules\" must be a list of names, a pattern or"
                            + " \"all-linear\", not absent",
                    "\"r\": 4, \"lora_alpha\": 8, \"target_modules\": [] | needs at least one target",
                    "\"r\": 4, \"lora_alpha\": 8, \"target_modules\": [7] | \"target_modules\" must hold names, not 7",
                    "\"r\": 4, \"r\": 5 | it has \"r\" twice",})
    void incompleteOrWrong(String fields, String expected) {
        String message = assertThrows(IOException.class, () -> read(fields)).getMessage();
        assertTrue(message.contains("adapter_config.json: ") && message.contains(expected), message);
    }

    @Test
    void otherMethodsAreRefused() throws IOException {
        Path file = directory.resolve("adapter_config.json");
        Files.writeString(file, "{\"peft_type\": \"IA3\"}");
        assertTrue(assertThrows(IOException.class, () -> PeftConfig.read(file)).getMessage()
                .contains("peft_type \"IA3\" is not supported"));
        Files.writeString(file, "[]");
        assertTrue(assertThrows(IOException.class, () -> PeftConfig.read(file)).getMessage()
                .contains("is not a JSON object"));
    }
}

package llams.trainer.checkpoint;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model tuned on conversations says where its answers end.
class ChatFilesTest {
    @TempDir
    Path directory;

    private static Tokenizer bytes(String... specials) {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        return Tokenizer.of(tokens, List.of(specials));
    }

    private String generation() throws IOException {
        return Files.readString(directory.resolve("generation_config.json")).replaceAll("\\s", "");
    }

    @Test
    void theEndOfATurnIsAmongTheStopIds() throws IOException {
        ChatFiles.write(bytes("<|begin_of_text|>", "<|eot_id|>"), List.of(7), directory);
        assertEquals("{\"bos_token_id\":256,\"eos_token_id\":[7,257]}", generation());
        assertTrue(Files.readString(directory.resolve("chat_template.jinja")).contains("'<|end_header_id|>\\n\\n'"));
    }

    @Test
    void whatElseTheModelSaysOfGenerationStays() throws IOException {
        Files.writeString(directory.resolve("generation_config.json"), "{\"temperature\": 0.6, \"eos_token_id\": 7}");
        ChatFiles.write(bytes("<|eot_id|>"), List.of(7, 256), directory);
        assertEquals("{\"temperature\":0.6,\"eos_token_id\":[7,256]}", generation());
    }

    @Test
    void aTemplateOfItsOwnStays() throws IOException {
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"chat_template\": \"x\"}");
        ChatFiles.write(bytes("<|eot_id|>"), List.of(), directory);
        assertFalse(Files.exists(directory.resolve("chat_template.jinja")));
    }

    @Test
    void aVocabularyWithoutTheEndOfATurnIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> ChatFiles.write(bytes(), List.of(), directory));
    }
}

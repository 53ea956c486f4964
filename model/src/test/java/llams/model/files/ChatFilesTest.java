package llams.model.files;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// A model tuned on conversations says where its answers end.
class ChatFilesTest {
    @TempDir
    Path directory;

    private void write(Tokenizer tokenizer, List<Integer> stops) throws IOException {
        ModelText text = ModelText.of(tokenizer);
        ChatFiles.write(text.chat(), text.frame().first(), stops, directory);
    }

    private static final Tokenizer LLAMA3 = bytes(Tokenizer.llama3Specials().toArray(String[]::new));

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
        write(bytes("<|begin_of_text|>", "<|eot_id|>", "<|start_header_id|>", "<|end_header_id|>"), List.of(7));
        assertEquals("{\"bos_token_id\":256,\"eos_token_id\":[7,257]}", generation());
        assertTrue(Files.readString(directory.resolve("chat_template.jinja")).contains("'<|end_header_id|>\\n\\n'"));
    }

    @Test
    void whatElseTheModelSaysOfGenerationStays() throws IOException {
        Files.writeString(directory.resolve("generation_config.json"), "{\"temperature\": 0.6, \"eos_token_id\": 7}");
        write(LLAMA3, List.of(7, 265));
        assertEquals("{\"temperature\":0.6,\"eos_token_id\":[7,265],\"bos_token_id\":256}", generation());
    }

    @Test
    void theModelsTemplateStays() throws IOException {
        Tokenizer tokenizer = bytes("<e>");
        tokenizer.writeJson(directory.resolve("tokenizer.json"));
        Files.writeString(directory.resolve("tokenizer_config.json"),
                "{\"chat_template\": \"{% for m in messages %}{{ m.content }}<e>{% endfor %}\"}");
        ModelText text = ModelText.of(directory, ChatTemplate.TRAINING);
        ChatFiles.write(text.chat(), text.frame().first(), List.of(7), directory);
        assertFalse(Files.exists(directory.resolve("chat_template.jinja")));
        assertEquals("{\"eos_token_id\":[7,256]}", generation());
    }

    @Test
    void aTemplateThatWasNotUsedIsReplaced() throws IOException {
        Files.writeString(directory.resolve("tokenizer_config.json"), "{\"chat_template\": \"x\"}");
        write(LLAMA3, List.of());
        assertTrue(Files.readString(directory.resolve("chat_template.jinja")).contains("<|eot_id|>"));
    }

    @Test
    void aVocabularyWithoutTheEndOfATurnIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> write(bytes(), List.of()));
    }
}

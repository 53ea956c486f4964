package llams.tokenizer;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/// One rule says what begins and ends a text, whatever the tokens are called.
class TextFrameTest {

    @TempDir
    Path directory;

    /// `<a>` is 256, `<b>` 257, and so on.
    private TextFrame frame(String first, String tokenizerConfig, String config, String... names) throws IOException {
        List<byte[]> tokens = new ArrayList<>();
        for (int b = 0; b < 256; b++) {
            tokens.add(new byte[] {(byte) b});
        }
        Path file = directory.resolve("tokenizer.json");
        Tokenizer.of(tokens, List.of(names)).writeJson(file);
        String json = Files.readString(file);
        if (first != null) {
            String single = first.isEmpty() ? "" : "{\"SpecialToken\":{\"id\":\"" + first + "\",\"type_id\":0}},";
            json = json.replace("\"post_processor\":",
                    "\"post_processor\":{\"type\":\"Sequence\",\"processors\":[{\"type\":\"TemplateProcessing\",\"single\":["
                            + single + "{\"Sequence\":{\"id\":\"A\",\"type_id\":0}}]}]},\"was\":");
        } else {
            json = json.replace("\"post_processor\":", "\"post_processor\":null,\"was\":");
        }
        Files.writeString(file, json);
        Files.writeString(directory.resolve("tokenizer_config.json"), tokenizerConfig);
        Files.writeString(directory.resolve("config.json"), config);
        return TextFrame.of(directory, Tokenizer.load(directory));
    }

    @Test
    void thePostProcessorDecides() throws IOException {
        TextFrame frame = frame("<b>", "{\"bos_token\": \"<a>\", \"eos_token\": \"<c>\"}", "{\"bos_token_id\": 256}",
                "<a>", "<b>", "<c>");
        assertEquals(257, frame.first());
        assertEquals(258, frame.last());
        assertTrue(frame.note().contains("<b>") && frame.note().contains("256"), frame.note());
        assertEquals(TextFrame.NONE, frame("", "{\"bos_token\": \"<a>\"}", "{}", "<a>").first());
    }

    @Test
    void withoutItTheConfigsDo() throws IOException {
        assertEquals(257, frame(null, "{\"bos_token\": \"<a>\", \"eos_token\": {\"content\": \"<c>\"}}",
                "{\"bos_token_id\": 257}", "<a>", "<b>", "<c>").first());
        TextFrame frame = frame(null, "{\"bos_token\": {\"content\": \"<b>\"}}", "{\"eos_token_id\": [258, 256]}",
                "<a>", "<b>", "<c>");
        assertEquals(new TextFrame(257, 258, null), frame);
        assertEquals(TextFrame.NONE,
                frame(null, "{\"bos_token\": \"<a>\", \"add_bos_token\": false}", "{\"bos_token_id\": 256}", "<a>")
                        .first());
    }

    @Test
    void llama3sNamesComeLast() throws IOException {
        assertEquals(new TextFrame(256, 257, null), frame(null, "{}", "{}", "<|begin_of_text|>", "<|end_of_text|>"));
        TextFrame none = frame(null, "{}", "{\"bos_token_id\": null, \"eos_token_id\": 9999}", "<a>");
        assertEquals(TextFrame.NONE, none.first());
        assertTrue(none.note().startsWith("no token begins or ends a text"), none.note());
    }

    @Test
    void noTokenIsThereTwice() {
        TextFrame frame = new TextFrame(1, 2, null);
        assertArrayEquals(new int[] {1, 5, 2}, frame.around(new int[] {5}, true, true));
        assertArrayEquals(new int[] {1, 5, 2}, frame.around(new int[] {1, 5, 2}, true, true));
        assertArrayEquals(new int[] {5}, frame.around(new int[] {5}, false, false));
        assertArrayEquals(new int[] {1, 2}, frame.around(new int[0], true, true));
        assertArrayEquals(new int[] {5},
                new TextFrame(TextFrame.NONE, TextFrame.NONE, null).around(new int[] {5}, true, true));
        assertNull(frame.note());
    }
}

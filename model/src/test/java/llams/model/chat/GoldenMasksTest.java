package llams.model.chat;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;
import llams.engine.Golden;
import llams.tokenizer.Tokenizer;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/// What counts of a conversation, by each rule, is what the golden masks say. The files are those of the project, or
/// those given by `-Dllams.golden2=DIR`; Llama 3's tokenizer is beside the project, or where the environment variable
/// `LLAMS_LLAMA3_TOKENIZER` points.
class GoldenMasksTest {
    private static final Path DIRECTORY = Golden.ROOT
            .resolve(System.getProperty("llams.golden2", "model/src/test/resources/golden2"))
            .normalize();

    private static Tokenizer llama3() throws IOException {
        String named = System.getenv("LLAMS_LLAMA3_TOKENIZER");
        Path directory = named == null ? Golden.besideOrSkip("shared/tokenizer") : Path.of(named);
        return Tokenizer.load(directory.resolve("tokenizer.model"));
    }

    private static List<ChatMessage> messages(JsonNode chat) {
        List<ChatMessage> messages = new ArrayList<>();
        chat.path("messages")
                .forEach(message -> messages
                        .add(new ChatMessage(message.path("role").asString(), message.path("content").asString())));
        return messages;
    }

    @Test
    void masksAreTheGoldenOnes() throws IOException {
        JsonNode part = Golden.partOrSkip(Golden.json(DIRECTORY.resolve("manifest.json")).path("parts"), "masks");
        ChatTemplate template = ModelText.of(llama3()).chat();
        long[] counted = new long[TrainOn.values().length];
        long tokens = 0;
        for (String line : Files.readAllLines(DIRECTORY.resolve("masks/chats.jsonl"))) {
            JsonNode chat = JsonMapper.shared().readTree(line);
            int[] ids = chat.path("ids").valueStream().mapToInt(JsonNode::asInt).toArray();
            tokens += ids.length;
            for (TrainOn on : TrainOn.values()) {
                ChatTemplate.Encoded encoded = on.encode(template, messages(chat), List.of(), false);
                String what = chat.path("id").asString() + " " + on;
                assertArrayEquals(ids, encoded.ids(), what);
                StringBuilder mask = new StringBuilder();
                IntStream.range(0, ids.length).forEach(i -> mask.append(encoded.counted()[i] ? '1' : '0'));
                assertEquals(chat.path(on.name().toLowerCase(Locale.ROOT)).asString(), mask.toString(), what);
                counted[on.ordinal()] += mask.chars().filter(one -> one == '1').count();
            }
        }
        JsonNode values = part.path("values");
        assertEquals(values.path("tokens").asLong(), tokens);
        for (TrainOn on : TrainOn.values()) {
            assertEquals(values.path("counted").path(on.name().toLowerCase(Locale.ROOT)).asLong(),
                    counted[on.ordinal()], on.name());
        }
        assertTrue(tokens > 0);
    }
}

package llams.trainer.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import llams.engine.safetensors.AtomicFiles;
import llams.trainer.chat.ChatMessage;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Korean-English pairs as the conversations that are trained, to look at, to mix and to change.
public final class PairsFile {
    private PairsFile() {}

    /// Writes the four conversations of each row of `pairs`, `{"q_ko", "a_ko", "q_en", "a_en"}`, as `{"messages": [...]}`.
    ///
    /// @return the number of conversations
    /// @throws DataException if a row is not such a pair
    public static int write(Path pairs, Path out) throws IOException {
        StringBuilder conversations = new StringBuilder();
        int count = 0;
        try (Lines lines = Lines.open(pairs)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    continue;
                }
                for (List<ChatMessage> conversation : LanguagePair.of(Row.parse(line, lines.place())).conversations()) {
                    conversations.append(json(conversation)).append('\n');
                    count++;
                }
            }
        }
        AtomicFiles.write(out, conversations.toString().getBytes(StandardCharsets.UTF_8));
        return count;
    }

    private static ObjectNode json(List<ChatMessage> conversation) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        ArrayNode messages = object.putArray("messages");
        conversation.forEach(message -> messages.addObject().put("role", message.role()).put("content", message.content()));
        return object;
    }
}

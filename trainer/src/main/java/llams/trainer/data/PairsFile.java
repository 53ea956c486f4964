package llams.trainer.data;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import llams.engine.io.AtomicFiles;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Korean-English pairs as the conversations that are trained on, to inspect, mix and edit.
public final class PairsFile {
    private PairsFile() {}

    /// @param notes what in the rows is not used, for people
    public record Written(int conversations, List<String> notes) {}

    /// Writes the four conversations of each row of `pairs`, `{"q_ko", "a_ko", "q_en", "a_en"}`, as `{"messages":
    /// [...]}`.
    ///
    /// @throws DataException if a row is not such a pair
    public static Written write(Path pairs, Path out) throws IOException {
        StringBuilder conversations = new StringBuilder();
        FileNotes notes = new FileNotes(Source.name(pairs), 0);
        int count = 0;
        try (Lines lines = Lines.open(pairs)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (line.isBlank()) {
                    continue;
                }
                Row row = Row.parse(line, lines.place());
                for (List<ChatMessage> conversation : LanguagePair.of(row).conversations()) {
                    conversations.append(json(conversation)).append('\n');
                    count++;
                }
                notes.used(row.unused());
            }
        }
        AtomicFiles.write(out, conversations.toString().getBytes(StandardCharsets.UTF_8));
        return new Written(count, notes.lines());
    }

    private static ObjectNode json(List<ChatMessage> conversation) {
        ObjectNode object = JsonNodeFactory.instance.objectNode();
        ArrayNode messages = object.putArray("messages");
        conversation
                .forEach(message -> messages.addObject().put("role", message.role()).put("content", message.content()));
        return object;
    }
}

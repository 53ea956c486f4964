package llams.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.io.AtomicFiles;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import llams.trainer.data.Sample;
import llams.trainer.data.SampleReader;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A conversation in a file of training data: a line `{"messages": [{"role": ..., "content": ...}, ...]}`.
final class ChatFile {
    private ChatFile() {}

    /// @throws IllegalArgumentException if there is nothing in it that can be trained on, or the file exists
    static void save(Path file, List<ChatMessage> messages, boolean overwrites) throws IOException {
        ObjectNode row = JsonNodeFactory.instance.objectNode();
        ArrayNode list = row.putArray("messages");
        boolean isAnswered = false;
        for (ChatMessage message : messages) {
            if (message.role().equals("assistant") && message.content().isBlank()) {
                throw new IllegalArgumentException("an answer is empty, which no training reads; /retry it first");
            }
            isAnswered |= message.role().equals("assistant");
            list.addObject().put("role", message.role()).put("content", message.content());
        }
        if (!isAnswered) {
            throw new IllegalArgumentException("nothing was answered yet, so there is nothing to save");
        }
        if (!overwrites && Files.exists(file)) {
            throw new IllegalArgumentException(
                    file + " exists; '/save " + ChatInput.OVERWRITE + " " + file + "' replaces it");
        }
        AtomicFiles.write(file, (row + "\n").getBytes(StandardCharsets.UTF_8));
    }

    /// The conversations of a file, which may be of any form that training reads.
    ///
    /// @throws DataException if there are none, or one needs what a chat has not; says where
    static List<List<ChatMessage>> load(Path file) throws IOException {
        List<List<ChatMessage>> conversations = new ArrayList<>();
        SampleReader.read(file, sample -> conversations.add(messages(sample)));
        if (conversations.isEmpty()) {
            throw new DataException(file + " has no conversation");
        }
        return conversations;
    }

    private static List<ChatMessage> messages(Sample sample) {
        if (!(sample instanceof Sample.Chat chat)) {
            throw new DataException(sample.origin() + " is no conversation; wanted {\"messages\": [...]}");
        }
        if (!chat.tools().isEmpty() || chat.messages().stream().anyMatch(message -> !message.toolCalls().isEmpty())) {
            throw new DataException(chat.origin() + " is a conversation with tools, which 'chat' does not run");
        }
        return chat.messages();
    }
}

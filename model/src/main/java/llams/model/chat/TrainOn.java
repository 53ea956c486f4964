package llams.model.chat;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import tools.jackson.databind.JsonNode;

/// Which tokens of a conversation the loss counts. An assistant's message that is marked as not trained never counts.
public enum TrainOn {
    /// Every token after the first: what the others say, too.
    ALL,
    /// What the assistant says, and what ends it.
    ASSISTANT,
    /// The same, of the assistant's last message alone.
    LAST,
    /// What the assistant says, with the header that announces it; torchtune counts that.
    HEADER;

    /// A conversation as `chat` writes it, with what counts.
    ///
    /// @throws IllegalArgumentException as [ChatTemplate#encode]
    public ChatTemplate.Encoded encode(ChatTemplate chat, List<ChatMessage> messages, List<JsonNode> tools,
            boolean parsed) {
        return switch (this) {
            case ASSISTANT -> chat.encode(messages, tools, parsed, false);
            case HEADER -> chat.encode(messages, tools, parsed, true);
            case LAST -> chat.encode(lastAlone(messages), tools, parsed, false);
            case ALL -> allBut(chat.encode(inverted(messages), tools, parsed, false));
        };
    }

    private static boolean isAssistants(ChatMessage message) {
        return message.role().equals("assistant");
    }

    private static List<ChatMessage> lastAlone(List<ChatMessage> messages) {
        List<ChatMessage> marked = new ArrayList<>(messages);
        boolean found = false;
        for (int i = messages.size() - 1; i >= 0; i--) {
            ChatMessage message = messages.get(i);
            marked.set(i, message.withTrained(message.trained() && !found));
            found |= isAssistants(message);
        }
        return marked;
    }

    private static List<ChatMessage> inverted(List<ChatMessage> messages) {
        return messages.stream()
                .map(message -> isAssistants(message) ? message.withTrained(!message.trained()) : message)
                .toList();
    }

    /// Everything but what is counted there, and but the first token, which nothing predicts.
    private static ChatTemplate.Encoded allBut(ChatTemplate.Encoded untrained) {
        boolean[] counted = new boolean[untrained.ids().length];
        Arrays.fill(counted, 1, Math.max(1, counted.length), true);
        for (int i = 0; i < counted.length; i++) {
            counted[i] &= !untrained.counted()[i];
        }
        return new ChatTemplate.Encoded(untrained.ids(), counted);
    }
}

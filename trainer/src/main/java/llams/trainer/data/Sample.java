package llams.trainer.data;

import java.util.List;
import llams.model.chat.ChatMessage;
import tools.jackson.databind.JsonNode;

/// One piece of training data as its file has it, before tokenization. `origin` is `file:line`, for messages.
public sealed interface Sample {
    String origin();

    /// Plain text.
    ///
    /// @param starts whether a document begins here; a long one comes in several pieces
    /// @param ends   whether it ends here
    record Text(String origin, String text, boolean starts, boolean ends) implements Sample {
        Text(String origin, String text) {
            this(origin, text, true, true);
        }
    }

    /// A conversation.
    ///
    /// @param tools descriptions of the tools that the assistant may call, as JSON schemas; empty for none
    record Chat(String origin, List<ChatMessage> messages, List<JsonNode> tools) implements Sample {
        Chat(String origin, List<ChatMessage> messages) {
            this(origin, messages, List.of());
        }
    }

    /// Ids, with their labels: unshifted, -100 where the loss does not count.
    record Ids(String origin, int[] ids, int[] labels) implements Sample {}

    /// Two conversations that differ in the answers at their ends, which alone are trained on.
    record Pair(String origin, Chat chosen, Chat rejected) implements Sample {}
}

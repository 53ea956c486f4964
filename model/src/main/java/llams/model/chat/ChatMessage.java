package llams.model.chat;

import java.util.List;
import java.util.Objects;

/// One message of a conversation.
///
/// @param role      `system`, `user`, `assistant`, `ipython` (what a tool answered), or another that the model's
///                  template knows
/// @param content   its text; may be empty beside tool calls
/// @param toolCalls what an assistant's message calls, in order; empty for none
/// @param trained   whether training counts this message, if it is an assistant's
public record ChatMessage(String role, String content, List<ToolCall> toolCalls, boolean trained) {
    public ChatMessage {
        Objects.requireNonNull(role, "role");
        Objects.requireNonNull(content, "content");
        toolCalls = List.copyOf(toolCalls);
    }

    /// A message of text alone.
    public ChatMessage(String role, String content) {
        this(role, content, List.of(), true);
    }

    /// The same, counted in training or not.
    ChatMessage withTrained(boolean counted) {
        return new ChatMessage(role, content, toolCalls, counted);
    }
}

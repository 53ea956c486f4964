package llams.model.chat;

import tools.jackson.databind.node.ObjectNode;

/// One call of a tool by an assistant.
///
/// @param arguments by name, as the caller gave them
public record ToolCall(String name, ObjectNode arguments) {}

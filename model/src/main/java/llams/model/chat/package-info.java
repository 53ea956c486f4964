/// Conversations, and how a model writes them as ids.
///
/// | file | |
/// |---|---|
/// | [ChatMessage], [ToolCall] | a conversation as data or a user gives it |
package llams.model.chat;

package llams.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import llams.engine.io.Json;
import llams.model.chat.ChatMessage;
import llams.model.chat.ToolCall;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The messages of a request to `/v1/chat/completions`.
final class ChatMessages {
    private ChatMessages() {}

    static List<ChatMessage> of(Fields request) {
        JsonNode list = request.take("messages");
        if (list == null || !list.isArray() || list.isEmpty()) {
            throw ApiException.invalid("messages", "messages must be a list of messages that is not empty");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode message : list) {
            messages.add(message(Fields.of(message, "messages[" + messages.size() + "]")));
        }
        return messages;
    }

    private static ChatMessage message(Fields message) {
        String named = message.text("role");
        String role = switch (named) {
            case null -> throw ApiException.invalid(message.path("role"), message.path("role") + " is missing");
            case "system", "developer" -> "system";
            case "user", "assistant" -> named;
            case "tool", "function" -> "ipython";
            default -> throw message.wrong("role", "system, developer, user, assistant or tool");
        };
        JsonNode content = message.take("content");
        List<ToolCall> calls = calls(message);
        if (content == null && calls.isEmpty()) {
            throw ApiException.invalid(message.path("content"), message.path("content") + " is missing");
        }
        if (!calls.isEmpty() && !role.equals("assistant")) {
            throw ApiException.invalid(message.path("tool_calls"), "only an assistant's message has tool_calls");
        }
        message.ignore("name", "tool_call_id", "refusal", "annotations");
        message.unsupported("audio");
        message.unsupported("function_call");
        message.finish();
        return new ChatMessage(role, content == null ? "" : text(message, content), calls, true);
    }

    /// A string, or text parts, which become its lines.
    private static String text(Fields message, JsonNode content) {
        if (content.isString()) {
            return content.stringValue();
        }
        if (!content.isArray()) {
            throw message.wrong("content", "a string or a list of text parts");
        }
        List<String> parts = new ArrayList<>();
        for (JsonNode node : content) {
            Fields part = Fields.of(node, message.path("content[" + parts.size() + "]"));
            String type = part.text("type");
            if (!"text".equals(type)) {
                throw ApiException.unsupported(part.path("type"), part.path("type") + ": this model reads text only");
            }
            String text = part.text("text");
            part.finish();
            parts.add(text == null ? "" : text);
        }
        return String.join("\n", parts);
    }

    private static List<ToolCall> calls(Fields message) {
        JsonNode list = message.take("tool_calls");
        List<ToolCall> calls = new ArrayList<>();
        if (list == null) {
            return calls;
        }
        for (JsonNode node : list) {
            Fields call = Fields.of(node, message.path("tool_calls[" + calls.size() + "]"));
            Fields function = call.object("function");
            String name = function == null ? null : function.text("name");
            if (name == null) {
                throw ApiException.invalid(call.path("function"), call.path("function") + " needs a name");
            }
            calls.add(new ToolCall(name, arguments(function)));
        }
        return calls;
    }

    /// JSON in a string, as clients send it.
    private static ObjectNode arguments(Fields function) {
        String text = function.text("arguments");
        try {
            JsonNode json = Json.parse(function.path("arguments"),
                    (text == null || text.isBlank() ? "{}" : text).getBytes(StandardCharsets.UTF_8));
            if (json instanceof ObjectNode object) {
                return object;
            }
        } catch (IOException e) {
            throw ApiException.invalid(function.path("arguments"), e.getMessage());
        }
        throw function.wrong("arguments", "a JSON object in a string");
    }
}

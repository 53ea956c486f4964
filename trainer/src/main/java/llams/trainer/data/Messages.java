package llams.trainer.data;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import llams.model.chat.ChatMessage;
import llams.model.chat.ToolCall;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// Lists of messages, in the forms that other training programs use.
///
/// | key | meaning |
/// |---|---|
/// | `role` or `from` | who says it, under any of the names in [#role] |
/// | `content` or `value` | a string, or a list of text parts, which become its lines; a tool's answer may be any JSON |
/// | `tool_calls`, `function_call` | the tools that an assistant calls |
/// | `weight`, `train`, `trained`, `training`, `loss` | 0 or false: an answer that is not trained on |
final class Messages {
    /// Of what all messages have.
    static final Set<String> KEYS = Set.of("role", "from", "content", "value");
    private static final List<String> MASKS = List.of("weight", "train", "trained", "training", "loss");

    private Messages() {}

    static List<ChatMessage> of(Row row, String key) {
        JsonNode list = listed(row.take(key));
        if (!list.isArray() || list.isEmpty()) {
            throw new DataException(
                    row.place + ": \"" + key + "\" is " + (list.isArray() ? "empty" : JsonLine.kind(list))
                            + "; wanted a list of messages like {\"role\": \"user\", \"content\": \"...\"}");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode node : list) {
            String where = row.place + ": \"" + key + "\"[" + messages.size() + "]";
            if (!(node instanceof ObjectNode object)) {
                throw new DataException(where + " is " + JsonLine.kind(node) + "; wanted a message: role and content");
            }
            Row message = row.message(object, where);
            messages.add(message(message));
            row.adopt(key + "[]", message);
        }
        return messages;
    }

    /// A sequence of objects, which Hugging Face's datasets may write as an object of lists, as such a sequence.
    private static JsonNode listed(JsonNode value) {
        JsonNode first = value.isObject() && !value.isEmpty() ? value.iterator().next() : null;
        if (first == null || !value.valueStream().allMatch(one -> one.isArray() && one.size() == first.size())) {
            return value;
        }
        ArrayNode list = JsonNodeFactory.instance.arrayNode();
        for (int i = 0; i < first.size(); i++) {
            ObjectNode one = list.addObject();
            for (Map.Entry<String, JsonNode> entry : value.properties()) {
                one.set(entry.getKey(), entry.getValue().get(i));
            }
        }
        return list;
    }

    private static ChatMessage message(Row message) {
        String roleKey = message.has("role") ? "role" : "from";
        String contentKey = message.has("content") ? "content" : "value";
        boolean calls = message.has("tool_calls") || message.has("function_call");
        if (!message.has(roleKey) || !message.has(contentKey) && !calls) {
            throw new DataException(message.place + " has the keys " + message.keys()
                    + "; wanted \"role\" and \"content\", or \"from\" and \"value\"");
        }
        String name = message.text(roleKey);
        String role = role(name);
        if (role == null) {
            throw new DataException(message.place + ": role \"" + JsonLine.shown(name)
                    + "\" is not known; wanted system, user (human), assistant (gpt) or ipython (tool)");
        }
        List<ToolCall> toolCalls = new ArrayList<>();
        String content = "";
        if (message.has(contentKey) && isCall(name)) {
            toolCalls.addAll(calls(message, contentKey));
        } else if (message.has(contentKey)) {
            content = content(message, contentKey, role);
        }
        for (String key : List.of("tool_calls", "function_call")) {
            if (message.has(key)) {
                toolCalls.addAll(calls(message, key));
            }
        }
        boolean assistant = role.equals("assistant");
        if (!assistant && !toolCalls.isEmpty()) {
            throw new DataException(message.place + ": a message of role \"" + JsonLine.shown(name)
                    + "\" calls a tool; only an assistant does");
        }
        if (assistant && content.isBlank() && toolCalls.isEmpty()) {
            throw new DataException(
                    message.place + " is an assistant's message without content, which is not trained on");
        }
        return new ChatMessage(role, content, toolCalls, trained(message, assistant));
    }

    /// The role's name in Llama 3's format; null if no role has this name.
    static String role(String name) {
        return switch (name.strip().toLowerCase(Locale.ROOT)) {
            case "system", "developer" -> "system";
            case "user", "human", "prompter" -> "user";
            case "assistant", "gpt", "chatgpt", "bot", "chatbot", "model", "function_call", "tool_call" -> "assistant";
            case "ipython", "tool", "function", "observation", "tool_response", "function_response" -> "ipython";
            default -> null;
        };
    }

    /// Whether a role says that the content is a call: ShareGPT's way.
    private static boolean isCall(String name) {
        return Stream.of("function_call", "tool_call").anyMatch(name.strip()::equalsIgnoreCase);
    }

    private static String content(Row message, String key, String role) {
        JsonNode content = message.take(key);
        boolean parts = content.isArray()
                && content.valueStream().allMatch(part -> part.isString() || part.has("type"));
        if (parts) {
            List<String> texts = new ArrayList<>();
            for (JsonNode part : content) {
                texts.add(part(part, message.place + ": \"" + key + "\"[" + texts.size() + "]"));
            }
            return String.join("\n", texts);
        }
        if (role.equals("ipython") && content.isContainer()) {
            return content.toString();
        }
        return message.text(key);
    }

    private static String part(JsonNode part, String where) {
        if (part.isString()) {
            return part.stringValue();
        }
        String type = part.get("type").isString() ? part.get("type").stringValue() : part.get("type").toString();
        if (!type.equals("text") && !type.endsWith("_text") || !part.path("text").isString()) {
            throw new DataException(where + " is of type \"" + JsonLine.shown(type)
                    + "\"; only text can be trained on: {\"type\": \"text\", \"text\": \"...\"}");
        }
        return part.get("text").stringValue();
    }

    /// One call or a list of calls, each `{"name": ..., "arguments": {...}}`, alone or as OpenAI's `function`.
    private static List<ToolCall> calls(Row message, String key) {
        String where = message.place + ": \"" + key + "\"";
        JsonNode value = unwrapped(message.take(key), where);
        List<ToolCall> calls = new ArrayList<>();
        for (JsonNode node : value.isArray() ? value : List.of(value)) {
            String at = value.isArray() ? where + "[" + calls.size() + "]" : where;
            if (!(node instanceof ObjectNode object)) {
                throw new DataException(at + " is " + JsonLine.kind(node) + "; wanted a call: {\"name\": \"...\","
                        + " \"arguments\": {...}}");
            }
            Row call = new Row(object, at);
            calls.add(call(call));
            message.adopt(value.isArray() ? key + "[]" : key, call);
        }
        return calls;
    }

    private static ToolCall call(Row call) {
        String type = call.textOrEmpty("type");
        if (!type.isEmpty() && !type.equals("function")) {
            throw new DataException(
                    call.place + " is of type \"" + JsonLine.shown(type) + "\"; only functions are called");
        }
        Row function = call;
        if (call.has("function")) {
            JsonNode inner = call.take("function");
            if (!(inner instanceof ObjectNode object)) {
                throw new DataException(call.place + ": \"function\" is " + JsonLine.kind(inner) + "; wanted its"
                        + " name and arguments");
            }
            function = new Row(object, call.place);
        }
        String name = function.text("name");
        String key = function.has("arguments") ? "arguments" : "parameters";
        JsonNode arguments = function.has(key)
                ? unwrapped(function.take(key), call.place + ": \"" + key + "\"")
                : JsonNodeFactory.instance.objectNode();
        if (!(arguments instanceof ObjectNode byName)) {
            throw new DataException(call.place + ": \"" + key + "\" is " + JsonLine.kind(arguments)
                    + "; wanted an object, or the JSON text of one");
        }
        if (function != call) {
            call.adopt("function", function);
        }
        return new ToolCall(name, byName);
    }

    /// The value that a string holds as JSON; any other value as it is. A blank string stands for an empty object.
    static JsonNode unwrapped(JsonNode value, String where) {
        if (!value.isString()) {
            return value;
        }
        return value.stringValue().isBlank()
                ? JsonNodeFactory.instance.objectNode()
                : JsonLine.value(value.stringValue(), where);
    }

    private static boolean trained(Row message, boolean assistant) {
        boolean trained = true;
        for (String key : MASKS) {
            if (message.has(key)) {
                boolean on = flag(message.take(key), message.place + ": \"" + key + "\"");
                trained &= on;
                if (on && !assistant) {
                    message.note(key + " (true, but only an assistant's messages are trained)");
                }
            }
        }
        return trained;
    }

    static boolean flag(JsonNode value, String where) {
        if (value.isBoolean()) {
            return value.booleanValue();
        }
        if (value.isNumber() && (value.doubleValue() == 0 || value.doubleValue() == 1)) {
            return value.doubleValue() == 1;
        }
        throw new DataException(where + " is " + JsonLine.kind(value) + "; wanted 0 or false, 1 or true");
    }
}

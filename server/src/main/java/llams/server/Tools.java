package llams.server;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import llams.engine.io.Json;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The functions that an answer may call, and how it does.
///
/// @param described as the chat template wants them
/// @param callable  the schemas of the parameters of those that may be called
/// @param mustCall  whether the answer has to be a call
public record Tools(List<JsonNode> described, Map<String, JsonNode> callable, boolean mustCall) {
    /// No functions.
    public static final Tools NONE = new Tools(List.of(), Map.of(), false);
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
    /// How Llama 3.1 may begin a call, and how some other models enclose one.
    private static final Set<String> MARKS = Set.of("<|python_tag|>", "<tool_call>", "</tool_call>");
    /// What the object of a call begins with.
    private static final Set<String> FIRST_NAMES = Set.of("\"name\"", "\"parameters\"", "\"arguments\"", "\"type\"");

    /// @param parameters a JSON schema of an object
    public record Function(String name, String description, JsonNode parameters) {}

    /// @param arguments a JSON object
    public record Call(String name, String arguments) {}

    /// Which of its functions an answer may call: none, any, or no matter which, but one.
    public enum Choice {
        NONE, AUTO, REQUIRED
    }

    /// @throws IllegalArgumentException if two functions have one name, or a call is required and there are none
    public static Tools of(List<Function> functions, Choice choice) {
        List<JsonNode> described = new ArrayList<>();
        Map<String, JsonNode> callable = new LinkedHashMap<>();
        for (Function function : functions) {
            ObjectNode tool = JSON.objectNode().put("type", "function");
            ObjectNode inner = tool.putObject("function").put("name", function.name);
            inner.put("description", function.description).set("parameters", function.parameters);
            described.add(tool);
            if (callable.put(function.name, function.parameters) != null) {
                throw new IllegalArgumentException("two tools are called \"" + function.name + "\"");
            }
        }
        if (choice == Choice.REQUIRED && functions.isEmpty()) {
            throw new IllegalArgumentException("an answer must call a tool, and there is none");
        }
        return new Tools(described, choice == Choice.NONE ? Map.of() : callable, choice == Choice.REQUIRED);
    }

    static Tools of(Fields request) {
        JsonNode list = request.take("tools");
        JsonNode choice = request.take("tool_choice");
        request.ignore("parallel_tool_calls");
        List<JsonNode> described = new ArrayList<>();
        Map<String, JsonNode> functions = new LinkedHashMap<>();
        if (list != null) {
            for (JsonNode node : list) {
                Fields tool = Fields.of(node, "tools[" + described.size() + "]");
                if (!"function".equals(tool.text("type"))) {
                    throw tool.wrong("type", "\"function\"");
                }
                Fields function = tool.object("function");
                String name = function == null ? null : function.text("name");
                if (name == null || name.isBlank()) {
                    throw ApiException.invalid(tool.path("function.name"), tool.path("function.name") + " is missing");
                }
                JsonNode parameters = function.take("parameters");
                functions.put(name, parameters == null ? JSON.objectNode().put("type", "object") : parameters);
                described.add(node);
            }
        }
        return chosen(described, functions, choice);
    }

    private static Tools chosen(List<JsonNode> described, Map<String, JsonNode> functions, JsonNode choice) {
        String named = choice == null ? "auto" : choice.asString(choice.path("function").path("name").asString(""));
        boolean isName = choice != null && choice.isObject();
        if (choice != null && described.isEmpty() && !named.equals("none") && !named.equals("auto")) {
            throw ApiException.invalid("tool_choice", "tool_choice needs tools");
        }
        if (isName) {
            if (!functions.containsKey(named)) {
                throw ApiException.invalid("tool_choice", "tool_choice names no function of tools");
            }
            return new Tools(described, Map.of(named, functions.get(named)), true);
        }
        return switch (named) {
            case "none" -> new Tools(described, Map.of(), false);
            case "auto" -> new Tools(described, functions, false);
            case "required" -> new Tools(described, functions, true);
            default ->
                throw ApiException.invalid("tool_choice", "tool_choice must be none, auto, required or a function");
        };
    }

    /// Whether a text that begins so may become a call.
    boolean mayBeCall(CharSequence text) {
        if (callable.isEmpty()) {
            return false;
        }
        String begun = text.toString().stripLeading();
        if (begun.startsWith("{")) {
            String name = begun.substring(1).stripLeading();
            return FIRST_NAMES.stream().anyMatch(first -> name.startsWith(first) || first.startsWith(name));
        }
        return MARKS.stream().anyMatch(mark -> begun.startsWith(mark) || mark.startsWith(begun));
    }

    /// The call that a text is; null if it is none.
    Call call(CharSequence text) {
        if (!mayBeCall(text)) {
            return null;
        }
        String json = text.toString();
        for (String mark : MARKS) {
            json = json.replace(mark, "");
        }
        try {
            if (!(Json.parse("a call", json.getBytes(StandardCharsets.UTF_8)) instanceof ObjectNode call)) {
                return null;
            }
            JsonNode arguments = call.has("parameters") ? call.get("parameters") : call.path("arguments");
            String name = call.path("name").asString("");
            return callable.containsKey(name) && arguments.isObject() ? new Call(name, arguments.toString()) : null;
        } catch (IOException e) {
            // Text that only begins like a call.
            return null;
        }
    }
}

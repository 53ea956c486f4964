package llams.cli;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import llams.model.chat.ChatMessage;
import llams.model.chat.ModelText;
import llams.model.files.DataException;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.JsonLine;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// The requests of `llams tokenize --jsonl`, for many threads. A line with several of `text`, `messages` and `ids` is about the first of
/// them.
final class TokenizeRequests {
    private final ModelText text;
    private final Tokenizer tokenizer;
    private final TokenizeCommand.Special special;
    private final boolean bos;

    TokenizeRequests(ModelText text, TokenizeCommand.Special special, boolean bos) {
        this.text = text;
        this.tokenizer = text.tokenizer();
        this.special = special;
        this.bos = bos;
    }

    /// One JSON object: `ids`, `text` or `error`. Whatever is wrong with the line is the answer.
    String answer(String line, String place) {
        try {
            ObjectNode request = JsonLine.parse(line, place);
            if (request.has("text")) {
                return ids(encode(request, place));
            } else if (request.has("messages")) {
                return ids(chat(messages(request, place), flag(request, "add_generation_prompt", false, place)));
            } else if (request.has("ids")) {
                ObjectNode answer = JsonNodeFactory.instance.objectNode();
                return answer.put("text", tokenizer.decode(JsonLine.integers(request, "ids", place))).toString();
            }
            throw new DataException(place + ": wanted \"text\", \"messages\" or \"ids\"; the keys are "
                    + (request.isEmpty() ? "(none)" : String.join(", ", request.propertyNames())));
        } catch (IllegalArgumentException e) {
            return error(e);
        }
    }

    /// One at a time: templates are rendered on one thread.
    private synchronized int[] chat(List<ChatMessage> messages, boolean isPrompt) {
        return isPrompt ? text.chat().prompt(messages, List.of()) : text.chat().encode(messages, List.of()).ids();
    }

    static String error(IllegalArgumentException e) {
        return JsonNodeFactory.instance.objectNode().put("error", e.getMessage()).toString();
    }

    private static String ids(int[] ids) {
        StringBuilder answer = new StringBuilder("{\"ids\":[");
        for (int i = 0; i < ids.length; i++) {
            answer.append(i == 0 ? "" : ",").append(ids[i]);
        }
        return answer.append("]}").toString();
    }

    private int[] encode(ObjectNode request, String place) {
        String text = JsonLine.text(request, "text", place);
        boolean begin = flag(request, "bos", bos, place);
        boolean end = flag(request, "eos", false, place);
        if (request.has("allowed") || request.has("disallowed")) {
            Set<String> allowed = names(request, "allowed", Set.of(), place);
            Set<String> disallowed = names(request, "disallowed", Tokenizer.ALL, place);
            return TokenizeCommand.framed(this.text.frame(), tokenizer.encode(text, allowed, disallowed), begin, end);
        }
        TokenizeCommand.Special how = special;
        if (request.has("special")) {
            String name = JsonLine.text(request, "special", place);
            how = switch (name) {
                case "text" -> TokenizeCommand.Special.text;
                case "parse" -> TokenizeCommand.Special.parse;
                case "error" -> TokenizeCommand.Special.error;
                default ->
                    throw new DataException(place + ": \"special\" is \"" + name + "\"; wanted text, parse or error");
            };
        }
        return TokenizeCommand.encode(this.text, text, how, begin, end);
    }

    private static Set<String> names(ObjectNode request, String key, Set<String> absent, String place) {
        JsonNode value = request.get(key);
        if (value == null) {
            return absent;
        }
        if (value.isString() && value.stringValue().equals("all")) {
            return Tokenizer.ALL;
        }
        if (!value.isArray()) {
            throw new DataException(place + ": \"" + key + "\" is " + JsonLine.kind(value) + "; wanted \"all\" or a"
                    + " list of names");
        }
        Set<String> names = new LinkedHashSet<>();
        for (JsonNode name : value) {
            if (!name.isString()) {
                throw new DataException(place + ": \"" + key + "\" holds " + JsonLine.kind(name) + "; wanted names");
            }
            names.add(name.stringValue());
        }
        return names;
    }

    private static List<ChatMessage> messages(ObjectNode request, String place) {
        JsonNode list = request.get("messages");
        if (!list.isArray()) {
            throw new DataException(place + ": \"messages\" is " + JsonLine.kind(list) + "; wanted a list");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (JsonNode node : list) {
            if (!(node instanceof ObjectNode message)) {
                throw new DataException(place + ": \"messages\" holds " + JsonLine.kind(node)
                        + "; wanted {\"role\": ..., \"content\": ...}");
            }
            messages.add(
                    new ChatMessage(JsonLine.text(message, "role", place), JsonLine.text(message, "content", place)));
        }
        return messages;
    }

    private static boolean flag(ObjectNode request, String key, boolean absent, String place) {
        JsonNode value = request.get(key);
        if (value == null) {
            return absent;
        }
        if (!value.isBoolean()) {
            throw new DataException(place + ": \"" + key + "\" is " + JsonLine.kind(value) + "; wanted true or false");
        }
        return value.booleanValue();
    }
}

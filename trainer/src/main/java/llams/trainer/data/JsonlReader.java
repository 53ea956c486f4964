package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import llams.trainer.chat.ChatMessage;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// JSONL training data: one object a line, each of any of these forms; keys not named here are left alone.
///
/// | keys | sample |
/// |---|---|
/// | `ids` (or `input_ids`), optional `labels` | ready ids; without labels every token counts |
/// | `messages` or `conversations`: `role` and `content`, or `from` and `value` | a conversation; `human` is user, `gpt` is assistant |
/// | `instruction`, optional `input`, `output` (or `response`); optional `system` | user: instruction, blank line, input; assistant: output |
/// | `prompt` or `question`; `response`, `completion` or `answer`; optional `system` | the same without input |
/// | `q_ko`, `a_ko`, `q_en`, `a_en` | the four conversations of a Korean-English pair, see [LanguagePair] |
/// | `text` | text to continue |
final class JsonlReader {
    private static final List<String> QUESTIONS = List.of("instruction", "prompt", "question");
    private static final List<String> ANSWERS = List.of("output", "response", "completion", "answer");

    private JsonlReader() {}

    static void read(Path file, Consumer<Sample> samples) throws IOException {
        try (Lines lines = Lines.open(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (!line.isBlank()) {
                    read(JsonLine.parse(line, lines.place()), lines.place(), samples);
                }
            }
        }
    }

    static void read(ObjectNode row, String place, Consumer<Sample> samples) {
        if (row.has("ids") || row.has("input_ids")) {
            samples.accept(ids(row, place));
        } else if (row.has("messages") || row.has("conversations")) {
            samples.accept(chat(row, row.has("messages") ? "messages" : "conversations", place));
        } else if (LanguagePair.KEYS.stream().allMatch(row::has)) {
            LanguagePair.of(row, place).conversations().forEach(c -> samples.accept(new Sample.Chat(place, c)));
        } else {
            String question = firstKey(row, QUESTIONS);
            String answer = firstKey(row, ANSWERS);
            if (question != null && answer != null) {
                samples.accept(instruction(row, question, answer, place));
            } else if (row.has("text")) {
                samples.accept(new Sample.Text(place, JsonLine.text(row, "text", place)));
            } else {
                throw new DataException(KnownForms.unknown(row, place));
            }
        }
    }

    private static String firstKey(ObjectNode row, List<String> keys) {
        for (String key : keys) {
            if (row.has(key)) {
                return key;
            }
        }
        return null;
    }

    private static Sample ids(ObjectNode row, String place) {
        String key = row.has("ids") ? "ids" : "input_ids";
        int[] ids = JsonLine.integers(row, key, place);
        int[] labels = row.has("labels") ? JsonLine.integers(row, "labels", place) : ids;
        if (labels.length != ids.length) {
            throw new DataException(place + ": \"" + key + "\" has " + ids.length + " entries, \"labels\" " + labels.length
                    + "; labels stand unshifted, one for each id, -100 where the loss does not count");
        }
        return new Sample.Ids(place, ids, labels);
    }

    private static Sample chat(ObjectNode row, String key, String place) {
        JsonNode list = row.get(key);
        if (!list.isArray() || list.isEmpty()) {
            throw new DataException(place + ": \"" + key + "\" is " + (list.isArray() ? "empty" : JsonLine.kind(list))
                    + "; wanted a list of messages like {\"role\": \"user\", \"content\": \"...\"}");
        }
        List<ChatMessage> messages = new ArrayList<>();
        for (int i = 0; i < list.size(); i++) {
            messages.add(message(list.get(i), place + ": \"" + key + "\"[" + i + "]"));
        }
        return new Sample.Chat(place, messages);
    }

    private static ChatMessage message(JsonNode node, String where) {
        if (!(node instanceof ObjectNode message)) {
            throw new DataException(where + " is " + JsonLine.kind(node) + "; wanted a message: role and content");
        }
        String roleKey = message.has("role") ? "role" : "from";
        String contentKey = message.has("content") ? "content" : "value";
        if (!message.has(roleKey) || !message.has(contentKey)) {
            throw new DataException(where + " has the keys " + KnownForms.keys(message)
                    + "; wanted \"role\" and \"content\", or \"from\" and \"value\"");
        }
        String name = JsonLine.text(message, roleKey, where);
        String role = role(name);
        if (role == null) {
            throw new DataException(where + ": role \"" + name
                    + "\" is not known; wanted system, user (human), assistant (gpt) or ipython (tool)");
        }
        return new ChatMessage(role, JsonLine.text(message, contentKey, where));
    }

    private static String role(String name) {
        return switch (name) {
            case "system", "user", "assistant", "ipython" -> name;
            case "human" -> "user";
            case "gpt" -> "assistant";
            case "tool" -> "ipython";
            default -> null;
        };
    }

    private static Sample instruction(ObjectNode row, String question, String answer, String place) {
        List<ChatMessage> messages = new ArrayList<>();
        if (row.has("system")) {
            messages.add(new ChatMessage("system", JsonLine.text(row, "system", place)));
        }
        String asked = JsonLine.text(row, question, place);
        String input = row.has("input") && !row.get("input").isNull() ? JsonLine.text(row, "input", place) : "";
        messages.add(new ChatMessage("user", input.isBlank() ? asked : asked + "\n\n" + input));
        messages.add(new ChatMessage("assistant", JsonLine.text(row, answer, place)));
        return new Sample.Chat(place, messages);
    }
}

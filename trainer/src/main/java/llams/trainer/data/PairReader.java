package llams.trainer.data;

import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;

/// Rows of pairs: JSON objects in the forms that other training programs use.
///
/// | keys | prompt | answers |
/// |---|---|---|
/// | `prompt`, `chosen`, `rejected`, texts; also `question` or `instruction`, with `system` and `input` | the user's message | the assistant's |
/// | `prompt`, `chosen`, `rejected`, lists of messages (TRL) | the messages of `prompt` | those of the others |
/// | `chosen`, `rejected`, lists of messages (TRL, UltraFeedback; a `prompt` beside them repeats the first) | the messages that both begin with | the rest |
/// | `messages` or `conversations`, and `chosen`, `rejected`, a message each | the conversation | the message |
final class PairReader {
    static final String EXAMPLE = "{\"prompt\": \"...\", \"chosen\": \"...\", \"rejected\": \"...\"}";
    private static final List<String> PROMPTS = List.of("prompt", "question", "instruction", "messages",
            "conversations", "conversation");

    /// All but those of conversations.
    static final List<String> KEYS = List.of("prompt", "question", "instruction", "input", "chosen", "rejected");

    private PairReader() {}

    /// @throws DataException if the row is no pair
    static Sample.Pair pair(Row row) {
        if (!row.has("chosen") || !row.has("rejected")) {
            throw new DataException(row.place + ": no pair of answers; its keys are " + row.keys() + "; wanted "
                    + EXAMPLE + "; docs/DATA.md has examples");
        }
        List<ChatMessage> chosen = answer(row, "chosen");
        boolean areWhole = isList(row, "chosen") && !isList(row, "prompt")
                && !chosen.getFirst().role().equals("assistant");
        List<ChatMessage> rejected = answer(row, "rejected");
        int shared = 0;
        while (areWhole && shared < Math.min(chosen.size(), rejected.size()) - 1
                && isSame(chosen.get(shared), rejected.get(shared))) {
            shared++;
        }
        List<ChatMessage> prompt = areWhole ? chosen.subList(0, shared) : prompt(row);
        if (areWhole && row.has("prompt")) {
            row.take("prompt");
        }
        if (prompt.isEmpty()) {
            throw new DataException(row.place + ": the answers have no prompt: it stands in \"prompt\", or is what"
                    + " both begin with");
        }
        List<ChatMessage> asked = withSystem(row, prompt);
        return new Sample.Pair(row.place, chat(row, asked, chosen.subList(shared, chosen.size())),
                chat(row, asked, rejected.subList(shared, rejected.size())));
    }

    private static boolean isList(Row row, String key) {
        return row.has(key) && row.object().get(key).isArray();
    }

    private static boolean isSame(ChatMessage a, ChatMessage b) {
        return a.role().equals(b.role()) && a.content().equals(b.content()) && a.toolCalls().equals(b.toolCalls());
    }

    private static List<ChatMessage> answer(Row row, String key) {
        JsonNode value = row.object().get(key);
        if (value.isObject()) {
            row.object().putArray(key).add(value);
        } else if (!value.isArray()) {
            String said = row.text(key);
            if (said.isBlank()) {
                throw new DataException(row.place + ": \"" + key + "\" is blank; an empty answer is not trained on");
            }
            return List.of(new ChatMessage("assistant", said));
        }
        List<ChatMessage> messages = Messages.of(row, key);
        if (!messages.getLast().role().equals("assistant")) {
            throw new DataException(row.place + ": \"" + key + "\" does not end with an assistant's message");
        }
        return messages;
    }

    private static List<ChatMessage> prompt(Row row) {
        String key = row.first(PROMPTS);
        if (key == null) {
            return List.of();
        }
        if (row.object().get(key).isArray()) {
            return Messages.of(row, key);
        }
        String input = row.textOrEmpty("input");
        return List.of(new ChatMessage("user", row.text(key) + (input.isBlank() ? "" : "\n\n" + input)));
    }

    private static List<ChatMessage> withSystem(Row row, List<ChatMessage> prompt) {
        String key = row.first(JsonlReader.SYSTEMS);
        String system = key == null ? "" : row.text(key);
        if (system.isBlank() || prompt.getFirst().role().equals("system")) {
            return prompt;
        }
        List<ChatMessage> all = new ArrayList<>(prompt);
        all.addFirst(new ChatMessage("system", system));
        return all;
    }

    private static Sample.Chat chat(Row row, List<ChatMessage> prompt, List<ChatMessage> answer) {
        List<ChatMessage> all = new ArrayList<>();
        prompt.forEach(
                message -> all.add(new ChatMessage(message.role(), message.content(), message.toolCalls(), false)));
        all.addAll(answer);
        return new Sample.Chat(row.place, all);
    }
}

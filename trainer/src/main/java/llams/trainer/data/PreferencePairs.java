package llams.trainer.data;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;

/// The pairs of some files: JSON objects, one in a line or all in a list, in the forms that other training programs use.
///
/// | keys | prompt | answers |
/// |---|---|---|
/// | `prompt`, `chosen`, `rejected`, texts; also `question` or `instruction`, with `system` and `input` | the user's message | the assistant's |
/// | `prompt`, `chosen`, `rejected`, lists of messages (TRL) | the messages of `prompt` | those of the others |
/// | `chosen`, `rejected`, lists of messages (TRL, UltraFeedback; a `prompt` beside them repeats the first) | the messages that both begin with | the rest |
/// | `messages` or `conversations`, and `chosen`, `rejected`, a message each | the conversation | the message |
///
/// @param conversations how many documents there are
/// @param notes         one line for everything in the files that was not used
public record PreferencePairs(List<PreferencePair> pairs, int conversations, List<String> notes) {
    private static final List<String> PROMPTS = List.of("prompt", "question", "instruction", "messages",
            "conversations", "conversation");
    private static final int PEEK_BYTES = 1 << 12;

    /// @param maxBadRows unusable rows of a file that are skipped and noted; null for the usual limit
    /// @throws DataException if a file has more unusable rows, or nothing else
    public static PreferencePairs load(List<Path> files, DocumentEncoder encoder, Integer maxBadRows)
            throws IOException {
        List<PreferencePair> pairs = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        for (Path file : files) {
            FileNotes rows = new FileNotes(Source.name(file), maxBadRows);
            try (BufferedInputStream in = Source.open(file)) {
                in.mark(PEEK_BYTES);
                String start = new String(in.readNBytes(PEEK_BYTES), StandardCharsets.UTF_8).stripLeading();
                in.reset();
                boolean isList = start.startsWith("[");
                boolean isSpread = isList || start.lines().findFirst().orElse("").strip().equals("{");
                read(isSpread ? new JsonElements(in, Source.name(file), isList) : new Lines(in, Source.name(file)),
                        rows, encoder, pairs);
            }
            rows.finish();
            notes.addAll(rows.lines());
        }
        if (pairs.isEmpty()) {
            throw new DataException("no pair in " + files);
        }
        return new PreferencePairs(pairs, 2 * pairs.size(), notes);
    }

    private static void read(Rows rows, FileNotes notes, DocumentEncoder encoder, List<PreferencePair> pairs)
            throws IOException {
        while (true) {
            try {
                String json = rows.next();
                if (json == null) {
                    return;
                }
                if (!json.isBlank()) {
                    Row row = Row.parse(json, rows.place());
                    pairs.add(pair(row, encoder));
                    notes.used(row.unused());
                }
            } catch (DataException e) {
                notes.unusable(e);
            }
        }
    }

    private static PreferencePair pair(Row row, DocumentEncoder encoder) {
        if (!row.has("chosen") || !row.has("rejected")) {
            throw new DataException(row.place + ": no pair of answers; its keys are " + row.keys() + "; wanted"
                    + " {\"prompt\": \"...\", \"chosen\": \"...\", \"rejected\": \"...\"}; docs/DATA.md has examples");
        }
        boolean areWhole = isList(row, "chosen") && !isList(row, "prompt");
        List<ChatMessage> chosen = answer(row, "chosen");
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
        Document first = document(row, encoder, asked, chosen.subList(shared, chosen.size()));
        Document second = document(row, encoder, asked, rejected.subList(shared, rejected.size()));
        if (first.equals(second)) {
            throw new DataException(row.place + ": \"chosen\" and \"rejected\" are the same");
        }
        return new PreferencePair(first, second);
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
        String system = row.textOrEmpty("system");
        if (system.isBlank() || prompt.getFirst().role().equals("system")) {
            return prompt;
        }
        List<ChatMessage> all = new ArrayList<>(prompt);
        all.addFirst(new ChatMessage("system", system));
        return all;
    }

    private static Document document(Row row, DocumentEncoder encoder, List<ChatMessage> prompt,
            List<ChatMessage> answer) {
        List<ChatMessage> all = new ArrayList<>();
        prompt.forEach(
                message -> all.add(new ChatMessage(message.role(), message.content(), message.toolCalls(), false)));
        all.addAll(answer);
        return encoder.encode(new Sample.Chat(row.place, all));
    }
}

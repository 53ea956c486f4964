package llams.trainer.data;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import llams.model.chat.ChatMessage;
import llams.model.files.DataException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// Rows of training data: JSON objects, each in any of these forms; the first that fits is taken. Keys that are not
/// named here are counted; a key whose value is null counts as absent.
///
/// | keys | sample |
/// |---|---|
/// | `ids` (or `input_ids`), optional `labels`, `attention_mask`, [#LOSS_MASKS] | ready ids; without labels every token counts |
/// | `messages`, `conversations` or `conversation`: see [Messages] | a conversation |
/// | `q_ko`, `a_ko`, `q_en`, `a_en` | the four conversations of a Korean-English pair, see [LanguagePair] |
/// | [#QUESTIONS], [#ANSWERS]; optional [#INPUTS], `history` | user: instruction, blank line, input; assistant: output |
/// | `text` | text to continue |
///
/// Conversations, in all but pairs, may have `system` (or `system_prompt`) and `tools` (or `functions`) beside them.
final class JsonlReader {
    private static final List<String> CHATS = List.of("messages", "conversations", "conversation");
    private static final List<String> QUESTIONS = List.of("instruction", "prompt", "question");
    private static final List<String> ANSWERS = List.of("output", "response", "completion", "answer");
    private static final List<String> INPUTS = List.of("input", "context");
    static final List<String> SYSTEMS = List.of("system", "system_prompt");
    /// What tokenized datasets call the mask of trained tokens.
    private static final List<String> LOSS_MASKS = List.of("loss_mask", "assistant_masks", "assistant_mask",
            "completion_mask");

    /// All of these, under all their names.
    static final List<String> KEYS = Stream
            .of(CHATS, QUESTIONS, ANSWERS, INPUTS, SYSTEMS, LOSS_MASKS,
                    List.of("text", "history", "tools", "functions", "ids", "input_ids", "labels", "attention_mask"))
            .flatMap(List::stream)
            .toList();

    private JsonlReader() {}

    static void units(Rows rows, RowReader reader, Consumer<Unit> units) throws IOException {
        for (Unit unit = next(rows, reader); unit != null; unit = next(rows, reader)) {
            units.accept(unit);
        }
    }

    private static Unit next(Rows rows, RowReader reader) throws IOException {
        try {
            String json = rows.next();
            while (json != null && json.isBlank()) {
                json = rows.next();
            }
            if (json == null) {
                return null;
            }
            String row = json;
            String place = rows.place();
            return reader.unit(row.length(), () -> JsonLine.parse(row, place), place);
        } catch (DataException e) {
            return new Unit(0, false, (notes, _) -> notes.unusable(e));
        }
    }

    static void read(Row row, Consumer<Sample> samples) {
        String chat = row.first(CHATS);
        String question = row.first(QUESTIONS);
        String answer = row.first(ANSWERS);
        if (row.has("ids") || row.has("input_ids")) {
            samples.accept(ids(row));
        } else if (chat != null) {
            samples.accept(chat(row, Messages.of(row, chat)));
        } else if (LanguagePair.KEYS.stream().allMatch(row::has)) {
            LanguagePair.of(row).conversations().forEach(c -> samples.accept(new Sample.Chat(row.place, c)));
        } else if (question != null && answer != null) {
            samples.accept(chat(row, instruction(row, question, answer)));
        } else if (row.has("text")) {
            samples.accept(new Sample.Text(row.place, row.text("text")));
        } else {
            throw new DataException(KnownForms.unknown(row));
        }
    }

    private static Sample ids(Row row) {
        String key = row.has("ids") ? "ids" : "input_ids";
        int[] ids = row.integers(key);
        int[] labels = row.has("labels") ? row.integers("labels") : ids;
        if (labels.length != ids.length) {
            throw new DataException(row.place + ": \"" + key + "\" has " + ids.length + " entries, \"labels\" "
                    + labels.length + "; labels stand unshifted, one for each id, -100 where the loss does not count");
        }
        for (String mask : LOSS_MASKS) {
            if (row.has(mask)) {
                boolean[] trained = mask(row, mask, ids.length);
                labels = labels.clone();
                for (int i = 0; i < ids.length; i++) {
                    labels[i] = trained[i] ? labels[i] : Document.IGNORED;
                }
            }
        }
        return row.has("attention_mask")
                ? withoutPadding(row.place, ids, labels, mask(row, "attention_mask", ids.length))
                : new Sample.Ids(row.place, ids, labels);
    }

    private static Sample withoutPadding(String place, int[] ids, int[] labels, boolean[] attended) {
        int[] keptIds = new int[ids.length];
        int[] keptLabels = new int[ids.length];
        int kept = 0;
        for (int i = 0; i < ids.length; i++) {
            if (attended[i]) {
                keptIds[kept] = ids[i];
                keptLabels[kept++] = labels[i];
            }
        }
        return new Sample.Ids(place, Arrays.copyOf(keptIds, kept), Arrays.copyOf(keptLabels, kept));
    }

    /// A list of 0 and 1, or false and true, one for each id.
    private static boolean[] mask(Row row, String key, int length) {
        JsonNode list = row.take(key);
        if (!list.isArray() || list.size() != length) {
            throw new DataException(row.place + ": \"" + key + "\" is " + JsonLine.kind(list)
                    + (list.isArray() ? " of " + list.size() : "") + "; wanted a list of 0 and 1, one for each of the "
                    + length + " ids");
        }
        boolean[] mask = new boolean[length];
        for (int i = 0; i < length; i++) {
            mask[i] = Messages.flag(list.get(i), row.place + ": \"" + key + "\"[" + i + "]");
        }
        return mask;
    }

    /// The conversation with what stands beside it.
    private static Sample chat(Row row, List<ChatMessage> messages) {
        String key = row.first(SYSTEMS);
        String system = key == null ? "" : row.text(key);
        List<ChatMessage> all = messages;
        if (!system.isBlank()) {
            if (!messages.getFirst().role().equals("system")) {
                all = new ArrayList<>(messages);
                all.addFirst(new ChatMessage("system", system));
            } else if (!messages.getFirst().content().strip().equals(system.strip())) {
                throw new DataException(row.place + ": \"" + key
                        + "\" differs from the system message of the conversation; wanted one of the two");
            }
        }
        return new Sample.Chat(row.place, all, tools(row));
    }

    private static List<JsonNode> tools(Row row) {
        String key = row.has("tools") ? "tools" : "functions";
        if (!row.has(key)) {
            return List.of();
        }
        String where = row.place + ": \"" + key + "\"";
        JsonNode list = row.take(key);
        if (list.isString() && list.stringValue().isBlank()) {
            return List.of();
        }
        list = Messages.unwrapped(list, where);
        List<JsonNode> tools = new ArrayList<>();
        if (!list.isArray()) {
            throw new DataException(
                    where + " is " + JsonLine.kind(list) + "; wanted a list of tools, or the JSON text of one");
        }
        for (JsonNode tool : list) {
            JsonNode description = Messages.unwrapped(tool, where + "[" + tools.size() + "]");
            if (!(description instanceof ObjectNode)) {
                throw new DataException(where + "[" + tools.size() + "] is " + JsonLine.kind(description)
                        + "; wanted an object with the tool's name, description and parameters");
            }
            tools.add(description);
        }
        return tools;
    }

    private static List<ChatMessage> instruction(Row row, String question, String answer) {
        if (row.has("label") && row.object().get("label").isBoolean()) {
            throw new DataException(row.place + ": \"label\" says whether the answer is good, which is not trained"
                    + " here; keep the good ones: jq -c 'select(.label) | del(.label)'");
        }
        List<ChatMessage> messages = new ArrayList<>(history(row));
        if (row.object().get(question).isArray()) {
            // A list of messages and the completion: the messages are context, not trained.
            Messages.of(row, question)
                    .forEach(m -> messages.add(new ChatMessage(m.role(), m.content(), m.toolCalls(), false)));
        } else {
            StringBuilder asked = new StringBuilder(row.text(question));
            for (String key : INPUTS) {
                String input = row.textOrEmpty(key);
                asked.append(input.isBlank() ? "" : "\n\n" + input);
            }
            messages.add(new ChatMessage("user", asked.toString()));
        }
        if (row.object().get(answer).isArray()) {
            messages.addAll(Messages.of(row, answer));
        } else {
            String said = row.text(answer);
            if (said.isBlank()) {
                throw new DataException(row.place + ": \"" + answer + "\" is blank; an empty answer is not trained on");
            }
            messages.add(new ChatMessage("assistant", said));
        }
        return messages;
    }

    /// Questions and answers that came before, as `[[question, answer], ...]`.
    private static List<ChatMessage> history(Row row) {
        List<ChatMessage> messages = new ArrayList<>();
        if (!row.has("history")) {
            return messages;
        }
        JsonNode turns = row.take("history");
        if (!turns.isArray()) {
            throw new DataException(
                    row.place + ": \"history\" is " + JsonLine.kind(turns) + "; wanted [[question, answer], ...]");
        }
        for (JsonNode turn : turns) {
            if (turn.size() != 2 || !turn.path(0).isString() || turn.path(1).stringValue("").isBlank()) {
                throw new DataException(row.place + ": \"history\"[" + messages.size() / 2 + "] is "
                        + JsonLine.kind(turn) + "; wanted a list of a question and its answer");
            }
            messages.add(new ChatMessage("user", turn.get(0).stringValue()));
            messages.add(new ChatMessage("assistant", turn.get(1).stringValue()));
        }
        return messages;
    }
}

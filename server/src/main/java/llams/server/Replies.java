package llams.server;

import java.util.List;
import java.util.UUID;
import llams.tokenizer.Tokenizer;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// What all answers to one request have in common.
///
/// @param object  the kind of answer, as `chat.completion`
/// @param chunk   the kind of a piece of it in a stream
/// @param created seconds since 1970
record Replies(String id, String object, String chunk, long created, ServedModel model, Settings settings) {
    private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

    static Replies of(String prefix, String object, String chunk, ServedModel model, Settings settings) {
        String id = prefix + UUID.randomUUID().toString().replace("-", "");
        return new Replies(id, object, chunk, System.currentTimeMillis() / 1000, model, settings);
    }

    private ObjectNode head(String kind) {
        return JSON.objectNode().put("id", id).put("object", kind).put("created", created).put("model", model.name());
    }

    ObjectNode whole(List<ObjectNode> choices, List<Answer> answers) {
        ObjectNode whole = head(object);
        whole.putArray("choices").addAll(choices);
        whole.set("usage", usage(answers));
        return whole;
    }

    ObjectNode chunk(ObjectNode choice) {
        ObjectNode one = head(chunk);
        one.putArray("choices").add(choice);
        if (settings.usage()) {
            one.putNull("usage");
        }
        return one;
    }

    ObjectNode usageChunk(List<Answer> answers) {
        ObjectNode last = head(chunk);
        last.putArray("choices");
        last.set("usage", usage(answers));
        return last;
    }

    /// A prompt counts once, however many answers it has.
    private ObjectNode usage(List<Answer> answers) {
        int prompt = 0;
        int found = 0;
        int generated = 0;
        for (int i = 0; i < answers.size(); i++) {
            Answer answer = answers.get(i);
            generated += answer.tokens;
            if (i % settings.choices() == 0) {
                prompt += answer.task.prompt().length;
                found += answer.found;
            }
        }
        ObjectNode usage = JSON.objectNode();
        usage.put("prompt_tokens", prompt).put("completion_tokens", generated).put("total_tokens", prompt + generated);
        usage.putObject("prompt_tokens_details").put("cached_tokens", found);
        return usage;
    }

    /// A token as text; bytes that are no characters become U+FFFD.
    static String text(Tokenizer tokenizer, int id) {
        return tokenizer.decode(id);
    }

    static ArrayNode bytes(Tokenizer tokenizer, int id) {
        ArrayNode bytes = JSON.arrayNode();
        for (byte b : tokenizer.decodeBytes(id)) {
            bytes.add(b & 0xff);
        }
        return bytes;
    }
}

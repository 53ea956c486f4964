package llams.trainer.pairs;

import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.data.JsonLine;
import llams.trainer.data.LanguagePair;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// The pairs in what a model has written.
///
/// @param incomplete how many others lack a text
record WrittenPairs(List<LanguagePair> pairs, int incomplete) {
    private static final String PLACE = "answer";

    /// Reads `{"pairs": [...]}`, a list of pairs or a single pair, even after a model's thinking, or with other
    /// text around the JSON.
    ///
    /// @throws DataException if there is no whole pair
    static WrittenPairs read(String answer) {
        String said = answer.substring(Math.max(0, answer.lastIndexOf("</think>")));
        int from = first(said, '{', '[');
        int to = Math.max(said.lastIndexOf('}'), said.lastIndexOf(']'));
        if (from < 0 || to < from) {
            throw new DataException(said.isBlank() ? "the answer is empty" : "the answer has no JSON in it");
        }
        List<LanguagePair> pairs = new ArrayList<>();
        int incomplete = 0;
        DataException first = null;
        for (JsonNode element : list(JsonLine.value(said.substring(from, to + 1), PLACE))) {
            try {
                if (!(element instanceof ObjectNode object)) {
                    throw new DataException(PLACE + ": a pair is " + JsonLine.kind(element) + "; wanted an object");
                }
                pairs.add(LanguagePair.of(object, PLACE));
            } catch (DataException e) {
                first = first == null ? e : first;
                incomplete++;
            }
        }
        if (pairs.isEmpty()) {
            throw first == null ? new DataException("the answer has no pairs in it") : first;
        }
        return new WrittenPairs(List.copyOf(pairs), incomplete);
    }

    private static int first(String text, char one, char other) {
        int a = text.indexOf(one);
        int b = text.indexOf(other);
        return a < 0 || b < 0 ? Math.max(a, b) : Math.min(a, b);
    }

    /// The list, whatever the model calls it; an object without one is a pair.
    private static Iterable<JsonNode> list(JsonNode json) {
        if (json.isArray()) {
            return json;
        }
        for (JsonNode value : json) {
            if (value.isArray()) {
                return value;
            }
        }
        return List.of(json);
    }
}

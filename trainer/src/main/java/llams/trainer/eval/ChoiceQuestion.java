package llams.trainer.eval;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Consumer;
import llams.model.files.DataException;
import llams.trainer.data.JsonLine;
import llams.trainer.data.Lines;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A question with its possible answers, one of which is right.
///
/// @param origin    `file:line`, for messages
/// @param question  what stands before each answer
/// @param choices   two or more, none empty
/// @param answer    index of the right one in `choices`, from 0
/// @param separator what stands between the question and each answer; null for white space as [#context] says
public record ChoiceQuestion(String origin, String question, List<String> choices, int answer, String separator) {
    private static final Set<String> KEYS = Set.of("question", "choices", "answer", "separator");

    /// Reads JSONL: `{"question": ..., "choices": [..., ...], "answer": 0}` a line, with a `"separator"` if it has
    /// one.
    ///
    /// @param unused hears every other key that a line has
    /// @throws DataException if a line is anything else, or there are none
    public static List<ChoiceQuestion> read(Path file, Consumer<String> unused) throws IOException {
        List<ChoiceQuestion> questions = new ArrayList<>();
        try (Lines lines = Lines.open(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (!line.isBlank()) {
                    ObjectNode row = JsonLine.parse(line, lines.place());
                    questions.add(of(row, lines.place()));
                    row.propertyNames().stream().filter(key -> !KEYS.contains(key)).forEach(unused);
                }
            }
        }
        if (questions.isEmpty()) {
            throw new DataException(file + ": no question in it; wanted lines like {\"question\": \"1 + 1 =\","
                    + " \"choices\": [\"2\", \"3\"], \"answer\": 0}");
        }
        return questions;
    }

    private static ChoiceQuestion of(ObjectNode row, String place) {
        String question = JsonLine.text(row, "question", place);
        JsonNode list = row.path("choices");
        if (!list.isArray() || list.size() < 2) {
            throw new DataException(place + ": \"choices\" is " + JsonLine.kind(list)
                    + (list.isArray() ? " of " + list.size() : "") + "; wanted a list of two strings or more");
        }
        List<String> choices = new ArrayList<>();
        for (JsonNode choice : list) {
            if (!choice.isString() || choice.stringValue().isBlank()) {
                throw new DataException(place + ": \"choices\"[" + choices.size() + "] is "
                        + (choice.isString() ? "blank" : JsonLine.kind(choice)) + "; wanted a string");
            }
            choices.add(choice.stringValue());
        }
        JsonNode answer = row.path("answer");
        if (!answer.isIntegralNumber() || !answer.canConvertToInt() || answer.intValue() < 0
                || answer.intValue() >= choices.size()) {
            throw new DataException(place + ": \"answer\" is " + JsonLine.kind(answer) + "; wanted the index of the"
                    + " right one of " + choices.size() + " choices, 0 to " + (choices.size() - 1));
        }
        JsonNode separator = row.path("separator");
        if (!separator.isMissingNode() && !separator.isNull() && !separator.isString()) {
            throw new DataException(
                    place + ": \"separator\" is " + JsonLine.kind(separator) + "; wanted a string, \"\" for none");
        }
        return new ChoiceQuestion(place, question, List.copyOf(choices), answer.intValue(),
                separator.stringValue(null));
    }

    /// What is scored with an answer: the question, the separator and the answer. Without a separator, white space
    /// stands between them: the one that ends the question, else the one that begins the answer, else one blank.
    public String text(String choice) {
        if (separator != null) {
            return question + separator + choice;
        }
        if (!context().equals(question)) {
            return question + choice.stripLeading();
        }
        return question + (Character.isWhitespace(choice.charAt(0)) ? "" : " ") + choice;
    }

    /// The beginning of each [#text] that counts as the question. White space at its end is the answer's: tokens begin
    /// with spaces, they do not end with them.
    public String context() {
        return (question + (separator == null ? "" : separator)).stripTrailing();
    }
}

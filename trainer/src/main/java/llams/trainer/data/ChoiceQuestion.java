package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/// A question with its possible answers, of which one is right.
///
/// @param origin   `file:line`, for messages
/// @param question what stands before each answer
/// @param choices  two or more, none empty
/// @param answer   index of the right one in `choices`, from 0
public record ChoiceQuestion(String origin, String question, List<String> choices, int answer) {
    /// Reads JSONL: `{"question": ..., "choices": [..., ...], "answer": 0}` a line; other keys are left alone.
    ///
    /// @throws DataException if a line is anything else, or there is none
    public static List<ChoiceQuestion> read(Path file) throws IOException {
        List<ChoiceQuestion> questions = new ArrayList<>();
        try (Lines lines = Lines.open(file)) {
            for (String line = lines.next(); line != null; line = lines.next()) {
                if (!line.isBlank()) {
                    questions.add(of(JsonLine.parse(line, lines.place()), lines.place()));
                }
            }
        }
        if (questions.isEmpty()) {
            throw new DataException(file + ": no question in it; wanted lines like {\"question\": \"1 + 1 =\", \"choices\": [\"2\", \"3\"],"
                    + " \"answer\": 0}");
        }
        return questions;
    }

    private static ChoiceQuestion of(ObjectNode row, String place) {
        String question = JsonLine.text(row, "question", place);
        JsonNode list = row.path("choices");
        if (!list.isArray() || list.size() < 2) {
            throw new DataException(place + ": \"choices\" is " + JsonLine.kind(list) + (list.isArray() ? " of " + list.size() : "")
                    + "; wanted a list of two texts or more");
        }
        List<String> choices = new ArrayList<>();
        for (JsonNode choice : list) {
            if (!choice.isString() || choice.stringValue().isBlank()) {
                throw new DataException(place + ": \"choices\"[" + choices.size() + "] is "
                        + (choice.isString() ? "blank" : JsonLine.kind(choice)) + "; wanted a text");
            }
            choices.add(choice.stringValue());
        }
        JsonNode answer = row.path("answer");
        if (!answer.isIntegralNumber() || !answer.canConvertToInt() || answer.intValue() < 0 || answer.intValue() >= choices.size()) {
            throw new DataException(place + ": \"answer\" is " + JsonLine.kind(answer) + "; wanted the index of the right one of "
                    + choices.size() + " choices, 0 to " + (choices.size() - 1));
        }
        return new ChoiceQuestion(place, question, List.copyOf(choices), answer.intValue());
    }
}

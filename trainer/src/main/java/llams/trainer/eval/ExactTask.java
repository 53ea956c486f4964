package llams.trainer.eval;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.model.files.DataException;
import llams.trainer.data.JsonLine;
import tools.jackson.databind.node.ObjectNode;

/// What a model should make of a prompt, letter by letter.
///
/// @param asks true for a question, whose whole answer must be `right`; false for a text whose continuation must begin
///             with it
public record ExactTask(String prompt, String right, boolean asks) {
    /// Reads lines of `{"question": Q, "answer": A}` or `{"prompt": P, "completion": C}`.
    ///
    /// @throws DataException if a line has neither
    public static List<ExactTask> read(Path file) throws IOException {
        List<ExactTask> tasks = new ArrayList<>();
        for (String line : Files.readAllLines(file)) {
            String place = file + ":" + (tasks.size() + 1);
            ObjectNode row = JsonLine.parse(line, place);
            boolean asks = row.has("question");
            String prompt = row.path(asks ? "question" : "prompt").asString("");
            String right = row.path(asks ? "answer" : "completion").asString("");
            if (prompt.isEmpty() || right.isEmpty()) {
                throw new DataException(place + ": wanted {\"question\": Q, \"answer\": A} or {\"prompt\": P,"
                        + " \"completion\": C}, each a text");
            }
            tasks.add(new ExactTask(prompt, right, asks));
        }
        return tasks;
    }
}

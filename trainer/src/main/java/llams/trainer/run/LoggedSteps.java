package llams.trainer.run;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.TreeMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/// The rows of a log, checked against their receipts.
///
/// @param rows        by the number of steps done with them: the first row is 1
/// @param unvouched   rows before the first receipt, by an older version of the program
record LoggedSteps(TreeMap<Integer, ObjectNode> rows, int unvouched) {
    /// @param problems hears what is not as it was written, one line each
    static LoggedSteps read(Path log, Consumer<String> problems) throws IOException {
        TreeMap<Integer, ObjectNode> rows = new TreeMap<>();
        String before = StepReceipt.NONE;
        int unvouched = 0;
        int number = 0;
        boolean begun = false;
        String text = new String(Files.readAllBytes(log), StandardCharsets.UTF_8);
        if (!text.isEmpty() && !text.endsWith("\n")) {
            problems.accept(log + ": its last line has no end");
        }
        for (String line : text.split("\n")) {
            number++;
            String place = log + ":" + number + ": ";
            ObjectNode row = row(line);
            if (row == null || !row.path("step").isInt()) {
                problems.accept(place + "not a step");
                continue;
            }
            if (!begun && !line.contains("\"" + StepReceipt.CHAIN + "\"")
                    && !line.contains("\"" + StepReceipt.ROW + "\"")) {
                unvouched++;
                rows.put(row.path("step").intValue() + 1, row);
                continue;
            }
            begun = true;
            String receipt = StepReceipt.after(before, row);
            if (!receipt.equals(row.path(StepReceipt.CHAIN).asString(""))) {
                problems.accept(place + "its receipt is not that of its results and of the row before");
            } else if (!line.equals(withSum(row))) {
                problems.accept(place + "not as it was written");
            }
            before = row.path(StepReceipt.CHAIN).asString("");
            if (rows.put(row.path("step").intValue() + 1, row) != null) {
                problems.accept(place + "a step that was before");
            }
        }
        return new LoggedSteps(rows, unvouched);
    }

    private static ObjectNode row(String line) {
        try {
            return JsonMapper.shared().readTree(line) instanceof ObjectNode row ? row : null;
        } catch (JacksonException _) {
            return null;
        }
    }

    /// The row with the hash that belongs to the rest of it.
    private static String withSum(ObjectNode row) {
        ObjectNode rest = row.deepCopy();
        rest.remove(StepReceipt.ROW);
        rest.put(StepReceipt.ROW, StepReceipt.ofText(JsonMapper.shared().writeValueAsString(rest)));
        return JsonMapper.shared().writeValueAsString(rest);
    }

    /// The receipt after some steps; null if there is none.
    String receipt(int steps) {
        ObjectNode row = rows.get(steps);
        return row == null ? null : row.path(StepReceipt.CHAIN).asString(null);
    }

    /// How a step that was made again differs from its row, as `loss 1.5 instead of 1.25`; empty if it does not.
    String difference(int steps, ObjectNode made) {
        ObjectNode logged = rows.get(steps);
        return StepReceipt.RESULTS.stream()
                .filter(name -> !made.path(name).equals(logged.path(name)))
                .filter(name -> logged.has(name) || !name.equals(StepReceipt.GRADIENTS))
                .map(name -> name + " " + made.path(name) + " instead of " + logged.path(name))
                .collect(Collectors.joining(", "));
    }
}

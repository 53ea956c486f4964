package llams.trainer.task;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.IdentityHashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import llams.model.chat.TextTemplate;
import llams.model.files.DataException;
import llams.trainer.data.JsonLine;
import llams.trainer.task.Prompt.Shot;
import llams.trainer.task.RowFile.Row;
import tools.jackson.databind.JsonNode;

/// From the rows of a task to its questions.
final class TaskQuestions {
    private final Task task;
    /// Rows are examples of many questions.
    private final Map<Row, Shot> shots = new IdentityHashMap<>();
    private int withoutSubject;

    private TaskQuestions(Task task) {
        this.task = task;
    }

    /// @param questions     those of one subject after those of another
    /// @param withoutSubject rows that belong to none of the task's subjects, and are left out
    record Read(List<TaskQuestion> questions, int withoutSubject) {}

    /// @param directory where data lies that the task's file does not name
    /// @param limit     the most questions of a subject
    /// @throws DataException if a row lacks something, or there are too few examples
    static Read read(Task task, Path directory, int limit) throws IOException {
        return new TaskQuestions(task).questions(directory, limit);
    }

    /// Rows as questions without examples.
    ///
    /// @throws DataException if a row lacks something
    static List<TaskQuestion> check(Task task, List<Row> rows) {
        TaskQuestions questions = new TaskQuestions(task);
        return rows.stream().map(row -> {
            questions.subjects(row);
            return questions.question(row, "", List.of());
        }).toList();
    }

    private Read questions(Path directory, int limit) throws IOException {
        List<Row> all = RowFile.read(task.data(directory));
        Map<String, List<Row>> bySubject = bySubject(all);
        int left = withoutSubject;
        Map<String, List<Row>> pools = task.shots().count() == 0
                ? Map.of()
                : task.shots().fromData() ? bySubject : bySubject(RowFile.read(task.shotsData(directory)));
        List<TaskQuestion> questions = new ArrayList<>();
        bySubject.forEach((subject, rows) -> {
            Examples examples = new Examples(task, subject, pools.getOrDefault(subject, List.of()));
            rows.stream().limit(limit).forEach(row -> questions.add(question(row, subject, examples.next(row))));
        });
        if (questions.isEmpty()) {
            throw new DataException(task.data(directory) + ": none of its rows belongs to a subject of " + task.name());
        }
        return new Read(questions, left);
    }

    private Map<String, List<Row>> bySubject(List<Row> rows) {
        Map<String, List<Row>> bySubject = new LinkedHashMap<>();
        withoutSubject = 0;
        for (Row row : rows) {
            List<String> subjects = subjects(row);
            withoutSubject += subjects.isEmpty() ? 1 : 0;
            subjects.forEach(subject -> bySubject.computeIfAbsent(subject, _ -> new ArrayList<>()).add(row));
        }
        return bySubject;
    }

    private List<String> subjects(Row row) {
        if (task.subjects() == null) {
            return List.of(row.values().path(Task.SUBJECT).asString(""));
        }
        return fill(task.subjects(), row).lines()
                .map(String::strip)
                .filter(line -> !line.isEmpty())
                .distinct()
                .toList();
    }

    private TaskQuestion question(Row row, String subject, List<Row> examples) {
        List<String> choices = choices(row);
        int right = task.isChoice() ? right(row, choices) : 0;
        Prompt prompt = new Prompt(fill(task.description(), row), examples.stream().map(this::shot).toList(),
                fill(task.prompt(), row), task.separator(), task.shots().separator());
        String answer = task.isChoice() ? choices.get(right) : fill(task.right(), row);
        return new TaskQuestion(row.origin(), subject, prompt, choices, right, answer);
    }

    private Shot shot(Row row) {
        return shots.computeIfAbsent(row, _ -> {
            TaskQuestion question = question(row, "", List.of());
            return new Shot(question.prompt().question(), question.answer());
        });
    }

    private List<String> choices(Row row) {
        List<String> choices = switch (task.answers()) {
            case Task.Written _ -> List.of();
            case Task.Listed listed ->
                listed.choices().stream().map(choice -> fill(choice, row)).filter(choice -> !choice.isEmpty()).toList();
            case Task.Column column -> elements(row, column);
        };
        if (task.isChoice() && choices.size() < 2) {
            throw new DataException(row.origin() + ": " + choices.size() + " choices; wanted two or more");
        }
        return choices;
    }

    private static List<String> elements(Row row, Task.Column column) {
        JsonNode list = row.values().path(column.name());
        List<String> elements = new ArrayList<>();
        for (JsonNode element : list) {
            if (!element.isString() || element.stringValue().isEmpty()) {
                elements.clear();
                break;
            }
            elements.add(element.stringValue());
        }
        if (elements.isEmpty()) {
            throw new DataException(row.origin() + ": \"" + column.name() + "\" is " + JsonLine.kind(list)
                    + "; wanted a list of texts, the choices (" + column.place() + ")");
        }
        return elements;
    }

    /// Digits are an index; anything else is the choice itself.
    private int right(Row row, List<String> choices) {
        String right = fill(task.right(), row);
        int index = right.matches("\\d{1,9}") ? Integer.parseInt(right) : choices.indexOf(right);
        if (index < 0 || index >= choices.size()) {
            throw new DataException(row.origin() + ": the right answer is \"" + right + "\"; wanted one of the choices "
                    + choices + ", or its index from 0 to " + (choices.size() - 1));
        }
        return index;
    }

    private static String fill(TextTemplate template, Row row) {
        return template.fill(row.values(), row.origin());
    }
}

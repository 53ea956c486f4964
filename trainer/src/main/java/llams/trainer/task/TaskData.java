package llams.trainer.task;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import llams.engine.io.AtomicFiles;
import llams.trainer.task.RowFile.Row;

/// Makes a task's data of the files that people download.
public final class TaskData {
    private TaskData() {}

    /// @param rows  that were written
    /// @param first question, as a model gets it, with its right answer
    public record Written(int rows, String first) {}

    /// Writes the rows of all files into one. If there are several, each is a subject of its own, unless the task or
    /// the rows say otherwise.
    ///
    /// @throws llams.model.files.DataException if a file is in no known form, or a row lacks what the task needs
    public static Written write(Task task, List<Path> files, Path out) throws IOException {
        StringBuilder lines = new StringBuilder();
        List<Row> all = new ArrayList<>();
        List<String> subjects = task.subjects() == null ? subjects(files) : List.of();
        for (int f = 0; f < files.size(); f++) {
            for (Row row : RowFile.read(files.get(f))) {
                if (!subjects.isEmpty() && !row.values().has(Task.SUBJECT)) {
                    row.values().put(Task.SUBJECT, subjects.get(f));
                }
                lines.append(row.values()).append('\n');
                all.add(row);
            }
        }
        List<TaskQuestion> questions = TaskQuestions.check(task, all);
        AtomicFiles.createDirectories(out.toAbsolutePath().getParent());
        AtomicFiles.write(out, lines.toString().getBytes(StandardCharsets.UTF_8));
        TaskQuestion first = questions.getFirst();
        return new Written(all.size(), first.prompt().text() + task.separator() + first.answer());
    }

    /// The files' names without what says which split or part they are, or their directories' if the files are called
    /// the same; none if these are the same too.
    private static List<String> subjects(List<Path> files) {
        List<String> names = files.stream().map(TaskData::stem).toList();
        if (differ(names)) {
            return names;
        }
        List<String> directories = files.stream().map(file -> stem(file.toAbsolutePath().getParent())).toList();
        return differ(directories) ? directories : List.of();
    }

    private static boolean differ(List<String> names) {
        return names.stream().distinct().count() > 1;
    }

    private static String stem(Path file) {
        return file.getFileName()
                .toString()
                .replaceFirst("\\.[A-Za-z]+$", "")
                .replaceFirst("[-_]\\d+(-of-\\d+)?$", "")
                .replaceFirst("[-_](test|dev|val|validation|train)$", "");
    }
}

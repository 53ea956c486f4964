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
        for (Path file : files) {
            String subject = task.subjects() == null && files.size() > 1 ? subject(file, files) : null;
            for (Row row : RowFile.read(file)) {
                if (subject != null && !row.values().has(Task.SUBJECT)) {
                    row.values().put(Task.SUBJECT, subject);
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

    /// A file's name without what says which split it is; the directory's if all files are called the same.
    private static String subject(Path file, List<Path> files) {
        boolean differ = files.stream().map(TaskData::stem).distinct().count() > 1;
        return differ ? stem(file) : stem(file.toAbsolutePath().getParent());
    }

    private static String stem(Path file) {
        return file.getFileName()
                .toString()
                .replaceFirst("\\.[A-Za-z]+$", "")
                .replaceFirst("-\\d+-of-\\d+$", "")
                .replaceFirst("[-_](test|dev|val|validation|train)$", "");
    }
}

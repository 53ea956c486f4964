package llams.trainer.task;

import java.util.List;
import llams.model.files.DataException;
import llams.trainer.task.RowFile.Row;

/// Picks the examples before the questions of one subject.
final class Examples {
    private final Task.Shots shots;
    private final List<Row> pool;
    private final PythonRandom random;

    /// @throws DataException if there are too few
    Examples(Task task, String subject, List<Row> pool) {
        shots = task.shots();
        this.pool = pool;
        random = new PythonRandom(shots.seed());
        int needed = shots.count() + (shots.count() > 0 && shots.fromData() ? 1 : 0);
        if (pool.size() < needed) {
            throw new DataException(task.name() + ": " + shots.count() + " examples are wanted before each question"
                    + (subject.isEmpty() ? "" : " of \"" + subject + "\"") + ", and there are "
                    + Math.max(0, pool.size() - needed + shots.count()) + "; take fewer");
        }
    }

    /// The examples for the next question, which is not among them.
    List<Row> next(Row question) {
        int count = shots.count();
        if (count == 0) {
            return List.of();
        }
        List<Row> drawn = switch (shots.pick()) {
            case FIRST -> pool;
            case RANDOM ->
                random.sample(pool.size(), count + (shots.fromData() ? 1 : 0)).stream().map(pool::get).toList();
        };
        return drawn.stream()
                .filter(row -> !shots.fromData() || !row.values().equals(question.values()))
                .limit(count)
                .toList();
    }
}

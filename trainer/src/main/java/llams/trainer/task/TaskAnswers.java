package llams.trainer.task;

import java.util.List;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// A model's answers to a task.
public final class TaskAnswers {
    private final List<Answered> answers;
    private final boolean f1;

    TaskAnswers(List<Answered> answers, boolean f1) {
        this.answers = answers;
        this.f1 = f1;
    }

    /// Those to one subject.
    List<Answered> of(String subject) {
        return answers.stream().filter(answer -> answer.question().subject().equals(subject)).toList();
    }

    public TaskScores scores() {
        return TaskScores.of(answers, f1);
    }

    /// As JSONL: where each question stands, what was answered and what would have been right.
    public String lines(String task) {
        StringBuilder lines = new StringBuilder();
        for (Answered answer : answers) {
            ObjectNode line = JsonNodeFactory.instance.objectNode()
                    .put("task", task)
                    .put("question", answer.question().origin());
            if (!answer.question().subject().isEmpty()) {
                line.put("subject", answer.question().subject());
            }
            line.put("answer", answer.answer()).put("right", answer.question().answer());
            answer.right().forEach(line::put);
            lines.append(line).append('\n');
        }
        return lines.toString();
    }
}

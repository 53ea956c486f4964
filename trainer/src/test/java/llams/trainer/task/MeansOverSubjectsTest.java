package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import llams.trainer.task.TaskScores.Score;
import org.junit.jupiter.api.Test;

class MeansOverSubjectsTest {
    private static void add(List<Answered> answers, String subject, int asked, int right, int choices) {
        for (int i = 0; i < asked; i++) {
            TaskQuestion question = new TaskQuestion("rows:1", subject, null,
                    List.of("a", "b", "c", "d").subList(0, choices), 0, "a");
            answers.add(new Answered(question, "a", 0, Map.of("acc", i < right)));
        }
    }

    @Test
    void largeSubjectsWeighMoreOrAllAlike() {
        List<Answered> answers = new ArrayList<>();
        add(answers, "law", 9, 3, 4);
        add(answers, "music", 3, 3, 2);
        TaskScores scores = TaskScores.of(answers, false);
        Score law = scores.subjects().getFirst().metrics().get("acc");
        assertEquals(new Score(1 / 3.0, Math.sqrt(1 / 3.0 * (1 - 1 / 3.0) / 8)), law);
        assertEquals(0, scores.subjects().getLast().metrics().get("acc").error());
        Score all = scores.all().metrics().get("acc");
        assertEquals(6 / 12.0, all.share(), 1e-12);
        assertEquals(Math.sqrt(8 * law.error() * law.error() * 9 / 10 / 12), all.error(), 1e-12);
        Score macro = scores.macro().metrics().get("acc");
        assertEquals((1 / 3.0 + 1) / 2, macro.share(), 1e-12);
        assertEquals(law.error() / 2, macro.error(), 1e-12);
        assertEquals((9 / 4.0 + 3 / 2.0) / 12, scores.all().chance(), 1e-12);
        assertEquals((1 / 4.0 + 1 / 2.0) / 2, scores.macro().chance(), 1e-12);
    }
}

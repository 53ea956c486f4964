package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/// F1 computed by hand. Scikit-learn's `f1_score(right, picks, average="macro")`, which lm-evaluation-harness calls,
/// gives the same.
class MacroF1Test {
    private static List<Answered> answers(String subject, String right, String picks) {
        List<Answered> answers = new ArrayList<>();
        for (int i = 0; i < right.length(); i++) {
            TaskQuestion question = new TaskQuestion("rows:" + i, subject, null, List.of("a", "b", "c", "d"),
                    right.charAt(i) - '0', "");
            answers.add(new Answered(question, "", picks.charAt(i) - '0',
                    Map.of("acc", right.charAt(i) == picks.charAt(i))));
        }
        return answers;
    }

    private static double f1(String right, String picks) {
        return MacroF1.of(answers("", right, picks));
    }

    @Test
    void meanOfTheClasses() {
        assertEquals(1, f1("0123", "0123"));
        assertEquals(0, f1("0101", "1010"));
        // Class 0: 2 hits, 1 false alarm, 1 miss; class 1: 1, 1, 1.
        assertEquals((4 / 6.0 + 2 / 4.0) / 2, f1("00011", "00101"), 1e-15);
        // Always the same: F1 of the other class is 0.
        assertEquals((2 * 7 / (2.0 * 7 + 3) + 0) / 2, f1("0001000101", "0000000000"), 1e-15);
        // A class that nobody means does not count, one that is only picked counts as 0.
        assertEquals((1 + 2 / 3.0 + 0) / 3, f1("0011", "0012"), 1e-15);
    }

    @Test
    void ofAllAndOfTheSubjects() {
        List<Answered> answers = new ArrayList<>(answers("x", "0001", "0011"));
        answers.addAll(answers("y", "01", "11"));
        TaskScores scores = TaskScores.of(answers, true);
        double x = (4 / 5.0 + 2 / 3.0) / 2;
        double y = (0 + 2 / 3.0) / 2;
        assertEquals(x, scores.subjects().getFirst().metrics().get("f1").share(), 1e-15);
        assertEquals(y, scores.subjects().getLast().metrics().get("f1").share(), 1e-15);
        assertEquals((x + y) / 2, scores.macro().metrics().get("f1").share(), 1e-15);
        assertEquals((4 / 6.0 + 4 / 6.0) / 2, scores.all().metrics().get("f1").share(), 1e-15);
        assertTrue(Double.isNaN(scores.all().metrics().get("f1").error()));
        assertFalse(TaskScores.of(answers, false).all().metrics().containsKey("f1"));
    }
}

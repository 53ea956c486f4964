package llams.trainer.task;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.util.Set;
import llams.trainer.data.JsonLine;
import llams.trainer.task.AnswerRule.Ignored;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.node.ObjectNode;

class ResultsOfMathAreComparedTest {
    @Test
    void asTheHarnessComparesThem() throws IOException {
        for (String line : Files.readAllLines(ScoresEqualTheHarnessTest.FILES.resolve("math.jsonl"))) {
            ObjectNode pair = JsonLine.parse(line, "math.jsonl");
            assertEquals(pair.get("same").asBoolean(),
                    MathResult.isRight(pair.get("answer").asString(), pair.get("right").asString()), line);
        }
    }

    /// The harness takes any answer without a number for right here.
    @Test
    void aRightAnswerWithoutANumberIsComparedWhole() {
        assertTrue(MathResult.isRight("\\boxed{없다}", "없다"));
        assertFalse(MathResult.isRight("모르겠습니다", "없다"));
    }

    @Test
    void textsDifferInWhatCounts() {
        AnswerRule exact = new AnswerRule(Set.of(), false);
        assertFalse(exact.isRight(" A", "A"));
        assertTrue(new AnswerRule(Set.of(Ignored.EDGES), false).isRight(" A\n", "A"));
        assertTrue(
                new AnswerRule(Set.of(Ignored.SPACES, Ignored.CASE, Ignored.PUNCTUATION), false).isRight(" (a. ", "A"));
        assertFalse(new AnswerRule(Set.of(Ignored.SPACES, Ignored.CASE), false).isRight("(a)", "A"));
    }
}

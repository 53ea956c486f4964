package llams.trainer.eval;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import llams.trainer.eval.LanguageConfusion.Answer;
import llams.trainer.eval.LanguageConfusion.Direction;
import llams.trainer.eval.LanguageConfusion.Language;
import llams.trainer.eval.LanguageConfusion.Question;
import llams.trainer.eval.LanguageConfusion.Score;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class WrongLanguageIsSeenByLineTest {
    private static Score score(Language wanted, String... texts) {
        Direction direction = new Direction(Language.KO, wanted);
        List<Answer> answers = new ArrayList<>();
        for (String text : texts) {
            answers.add(new Answer(direction, "?", text));
        }
        return LanguageConfusion.scores(answers)
                .stream()
                .filter(score -> score.direction().equals(direction))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"네, 그렇습니다.", "서울은 Seoul이라고 씁니다.", "Python의 list comprehension이 편리합니다.",
                    "이렇게 합니다:\n```python\nfor word in words:\n    print(word)\n```\n그러면 됩니다.",
                    "`git commit --amend --no-edit` 명령을 씁니다.", "여기를 보세요: https://example.com/a/b\n1. 42\n2. 43"})
    void korean(String text) {
        assertEquals(0, score(Language.KO, text).wrong());
        assertEquals(1, score(Language.EN, text).wrong());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"Yes, it is.", "The word 사랑 means love.", "Cafés in Seoul (서울) open early.",
                    "Like this:\n```\n이것은 코드입니다\n```"})
    void english(String text) {
        assertEquals(0, score(Language.EN, text).wrong());
        assertEquals(1, score(Language.KO, text).wrong());
    }

    @Test
    void oneWrongLineMakesAnAnswerWrong() {
        Score score = score(Language.KO, "네.\n\nYes, it is.\n그렇습니다.", "네.", "No.\nNot at all.", "42", "", "这是什么？");
        assertEquals(new Score(new Direction(Language.KO, Language.KO), 4, 3, 7, 4, 2), score);
        assertEquals(0.75, score.share());
        assertEquals(Math.sqrt(0.75 * 0.25 / 3), score.error(), 1e-12);
    }

    @Test
    void theOtherLanguageIsAskedFor() {
        Question question = new Question("Why?", "왜요?");
        assertEquals(List.of("Why?", "Why? Answer in Korean.", "왜요? 영어로 답해 주세요.", "왜요?"),
                Direction.ALL.stream().map(question::asked).toList());
    }
}

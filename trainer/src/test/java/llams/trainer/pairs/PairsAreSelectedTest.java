package llams.trainer.pairs;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.IntStream;
import llams.trainer.data.LanguagePair;
import llams.trainer.data.ScriptWords;
import org.junit.jupiter.api.Test;

/// Which pairs are kept, and in which order.
class PairsAreSelectedTest extends PairsTestCase {
    private static LanguagePair pair(String qKo, String qEn) {
        return new LanguagePair(qKo, "네.", qEn, "Yes.");
    }

    @Test
    void aQuestionIsAskedOnce() {
        Selection selection = new Selection();
        assertTrue(selection.add(pair("비가 오나요?", "Is it raining?")));
        assertFalse(selection.add(pair("비가  오나요", "Does it rain?")));
        assertFalse(selection.add(pair("지금 비 와요?", "is it RAINING")));
        assertTrue(selection.add(pair("지금 비 와요?", "Is it snowing?")));
        assertTrue(selection.add(pair("2+2?", "2 + 2 = ?")));
        assertFalse(selection.add(pair("2 + 2", "What is it?")));
        assertEquals(3, selection.duplicates);
        assertEquals(3, selection.kept.size());
    }

    @Test
    void textsAreInTheirLanguages() {
        Selection selection = new Selection();
        LanguagePair good = new LanguagePair("Python의 list comprehension이 뭔가요?", "[x for x in y]처럼 목록을 만드는 식입니다.",
                "What is a list comprehension in Python?", "An expression like [x for x in y] that makes a list.");
        assertTrue(selection.add(good));
        for (LanguagePair bad : List.of(new LanguagePair("How are you?", "네.", "How are you?", "Yes."),
                new LanguagePair("왜요?", "Because it is so.", "Why?", "Because it is so."),
                new LanguagePair("왜요?", "这是 因为 天气 很好 그래요.", "Why?", "Because."),
                new LanguagePair("어디?", "여기.", "어디?", "Here."), new LanguagePair("누구?", "나.", "Who?", "It is 나."),
                new LanguagePair("언제?", "지금.", "Когда это?", "Now."))) {
            assertFalse(selection.add(bad), bad.toString());
        }
        assertEquals(6, selection.wrongScript);
        assertTrue(selection.add(new LanguagePair("漢江은 한강(漢江)인가요?", "42", "7 x 6 = ?", "42")));
    }

    @Test
    void wordsCountByTheirScript() {
        assertEquals(new ScriptWords(2, 1, 1), ScriptWords.of("Python의 list, 漢字 - 123 뭐야?"));
        assertEquals(new ScriptWords(0, 0, 0), ScriptWords.of(" 1, 2 & 3! "));
        assertEquals(new ScriptWords(1, 1, 1), ScriptWords.of("ㅋㅋ café Привет"));
    }

    /// Answers come in any order; pairs do not.
    @Test
    void severalAtATimeGiveTheSameBytes() throws IOException {
        FakeEndpoint.Reply usual = server.usual;
        server.usual = (request, answer) -> {
            Thread.sleep(ThreadLocalRandom.current().nextInt(10));
            usual.answer(request, answer);
        };
        generate(159);
        byte[] one = Files.readAllBytes(out);
        settings = settings.withParallel(20);
        out = directory.resolve("other.jsonl");
        generate(159);
        assertEquals(new String(one, StandardCharsets.UTF_8), Files.readString(out));
        assertEquals(160, server.requests.size());
    }

    @Test
    void noMoreIsAskedForThanIsNeeded() throws IOException {
        settings = settings.withParallel(8);
        generate(3);
        assertEquals(2, server.requests.size());
        out = directory.resolve("one.jsonl");
        generate(1);
        assertEquals(1, server.requests.getLast().count());
    }

    @Test
    void droppedPairsAreAskedForAgainElsewhere() throws IOException {
        server.fault(FakeEndpoint.says("[" + FakeEndpoint.pair("가", 1).json() + "," + FakeEndpoint.pair("가", 1).json()
                + ", {\"q_ko\": \"왜\"}]"));
        assertEquals(new PairCounts(4, 3, 0, 1, 1, 0, 30, 300), generate(4));
    }

    @Test
    void theSeedDecidesWhichTopicIsWhen() {
        Topics topics = new Topics(List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j"));
        List<String> round = IntStream.range(0, 10).mapToObj(i -> topics.of(i, 1)).toList();
        assertEquals(Set.copyOf(topics.all()), new HashSet<>(round));
        assertEquals(round, IntStream.range(0, 10).mapToObj(i -> topics.of(i, 1)).toList());
        assertNotEquals(round, IntStream.range(0, 10).mapToObj(i -> topics.of(i, 2)).toList());
        assertNotEquals(round, IntStream.range(10, 20).mapToObj(i -> topics.of(i, 1)).toList());
    }
}

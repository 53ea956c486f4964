package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// `\n` stands for the end of a line, `-` for an article of which nothing is left.
class UnknownTemplatesCostTheirSentenceTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '→', quoteCharacter = '\0', textBlock = """
            면적은 {{모름|5}}이다. 높이는 5 m이다. → 높이는 5 m이다. → 1
            {{모름}}은 강이다. 산은 높다! {{모름|a|b=c}}는? 끝. → 산은 높다! 끝. → 2
            강은 길다. 산은 {{모름}}. → 강은 길다. → 1
            * 하나 {{모름}}\\n* 둘 → 둘 → 1
            면적은 {{nowrap|{{모름|5}} km}}이다.\\n길다. → 길다. → 1
            [[강|{{모름}} 강]]이다.\\n'''{{모름}}'''이다.\\n길다. → 길다. → 2
            값이 없는 {{nowrap|}}과\\n{{convert|없음|km}}와\\n{{출생일|몇 년}}과\\n글 {{lang|ko}}\\n길다. → 길다. → 4
            그는 1990. 5. 3. J. F. {{모름}} 씨를 만났다. 길다. → 길다. → 1
            "산은 {{모름}}이다." 강은 길다. → 강은 길다. → 1
            서울(인구 {{모름}}명)은 도시다. 부산은 도시다. → 부산은 도시다. → 1
            가, {{모름}}, 다.\\n길다. → 길다. → 1
            서울({{모름}}, {{모름|2}}; 漢城)은 도시다. → 서울(漢城)은 도시다. → 0
            서울({{모름}})은 도시다. → 서울은 도시다. → 0
            강은 길다.{{모름}} 산은 높다. {{모름}}\\n{{모름}}\\n{{모름}} {{모름|1}} → 강은 길다. 산은 높다. → 0
            산{{각주|1}}은{{Sfn|홍|2001}} 높다{{출처 필요|날짜=2001}}.{{refn|글}}{{웹 인용|url=a}} → 산은 높다. → 0
            {{정보상자 강\\n| 이름 = {{모름}}\\n}}'''한강'''은 길다. → 한강은 길다. → 0
            {{강 상자|이름=한강|길이=5}}'''한강'''은 길다.\\n{{기본정렬:한강}} → 한강은 길다. → 0
            == {{모름}} 역사 ==\\n옛날 → = = 역사  = =\\n\\n옛날 → 0
            글이다.\\n== 각주 ==\\n{{모름}}이다. → 글이다. → 0
            {|\\n| {{모름}}이다.\\n|}\\n글이다.<ref>{{모름}}이다.</ref> → 글이다. → 0
            == 빈 ==\\n{{모름}}이다. → - → 1
            """)
    void aSentenceThatWouldBeFalseGoes(String markup, String text, int sentences) {
        LostSentences lost = new LostSentences();
        String body = Article.body(Wikitext.text(markup.replace("\\n", "\n")), lost);
        assertEquals(text.equals("-") ? "" : text.replace("\\n", "\n") + "\n", body);
        assertEquals(sentences, lost.count());
    }

    @Test
    void theyAreCountedByTheNameOfTheTemplate() {
        LostSentences lost = new LostSentences();
        Article.body(Wikitext.text("""
                {{가_나|1}}이다. {{ 가 나 |2}}와 {{가 나}}와 {{다}}이다. 끝.
                {{아주 긴 이름의 틀이 있어서 이름이 마흔 글자보다도 훨씬 더 길다고 하면 자른다}}이다.
                {{\u001b[31m라|x}}이다. {{#if:마|a|b}}와 {{#if: 바 }}이다.
                """), lost);
        assertEquals(5, lost.count());
        assertEquals(1, lost.templates().get("#if"));
        assertEquals(2, lost.templates().get("가 나"));
        assertEquals(1, lost.templates().get("다"));
        assertEquals(5, lost.templates().size(), () -> lost.templates().toString());
        assertTrue(lost.templates()
                .keySet()
                .stream()
                .allMatch(name -> name.length() <= 40 && name.chars().noneMatch(Character::isISOControl)));
    }

    @Test
    void namesThatAPageInventsDoNotFillTheMemory() {
        LostSentences lost = new LostSentences();
        StringBuilder page = new StringBuilder();
        for (int i = 0; i < 12_000; i++) {
            page.append("{{틀 ").append(i).append("}}이다.\n");
        }
        assertEquals("", Article.body(Wikitext.text(page.toString()), lost));
        assertEquals(12_000, lost.count());
        assertEquals(10_001, lost.templates().size());
        assertEquals(Map.of("(others)", 2_000L).get("(others)"), lost.templates().get("(others)"));
    }
}

package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A page's markup, and the article's body that is made of it; `\n` stands for the end of a line.
class MarkupBecomesTextTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(delimiter = '→', quoteCharacter = '\0', textBlock = """
            '''강'''은 ''물''이 흐른다. → 강은 물이 흐른다.
            '''''굵고 기운''''' 글, 그리고 그의 '인용' → 굵고 기운 글, 그리고 그의 '인용'
            그는 ''''참''''이라 했다. → 그는 '참'이라 했다.
            [[한강]]과 [[서울특별시|서울]]의 강 → 한강과 서울의 강
            [[금강 (강)|]] 옆, [[위키:도움말|]] 옆, [[낙동강#하류|]] → 금강 옆, 도움말 옆, 낙동강
            [[:분류:대한민국의 강]]도 보라. → 분류:대한민국의 강도 보라.
            글 [[분류:강]][[Category:Rivers]][[en:Han River]][[zh-min-nan:Han]]끝 → 글 끝
            [[파일:한강.jpg|섬네일|[[서울]]의 [[강]], 200px]]강이다. → 강이다.
            [[그림:a.png|왼쪽|첫 줄\\n둘째 줄]]\\n글이다. → 글이다.
            [[wikt:강|강]]은 낱말이고 [[CSI: 과학]]도 있다. → 강은 낱말이고 CSI: 과학도 있다.
            닫지 않은 [[고리가 있다.\\n다음 줄은 [[그대로]]다. → 닫지 않은 고리가 있다.\\n다음 줄은 그대로다.
            남은 ]] 괄호와 [대괄호]는 글이다. → 남은 괄호와 [대괄호]는 글이다.
            [http://example.org 공식 [[누리집]]]에서, [https://example.org/a_(b)]도 → 공식 누리집에서, 도
            주소는 https://example.org/글?이다. (http://example.org 참조) → 주소는 글?이다. (참조)
            {{정보상자\\n| 이름 = {{lang|en|Han}}\\n|}}\\n한강이다. → 한강이다.
            한강({{llang|en|Han River}}, {{한자|漢江}}) → 한강(Han River, 漢江)
            한강({{발음|xx}}, {{음|y}})은 길다. → 한강은 길다.
            한강 ( )은 ({{a}}, 1990년 ~ )에 → 한강은 (1990년 ~ )에
            {{nowrap|1=a = b}} {{변환|10|km|mi}} {{frac|1|2}} {{색|red|붉은 글}} → a = b 10 km 1/2 붉은 글
            {{lang-en|Seoul}}과 {{Lang|ja|東京}}{{각주}} → Seoul과 東京
            {{본문|강}}{{인용문|흐르는 글}}{{인용|제목=글|쪽=1}} → 흐르는 글
            {{본문|{{b|{{c}}}}}}글 }} 남음 → 글 남음
            열린 {{틀은 글로 남는다. → 열린 틀은 글로 남는다.
            글\\n{| class="x"\\n! 머리\\n|-\\n| 칸\\n{|\\n| 안\\n|}\\n|}\\n끝 → 글\\n끝
            :{|\\n| 칸\\n|}\\n막대 | 있는 줄\\n끝 → 막대 | 있는 줄\\n끝
            글<ref>출처</ref>이<ref name="a" /> 있다<REF name=b>또</REF >. → 글이 있다.
            <gallery>\\n파일:a.jpg\\n</gallery>식 <math>a|b</math>은 <chem>H2O</chem> → 식 a|b은 H2O
            H<sub>2</sub>O<br/>물 <span style="x">빛</span> <code>int a</code> → H2O 물 빛 int a
            <syntaxhighlight lang="c">int main;</syntaxhighlight>글 <지은이>의 a < b → 글 <지은이>의 a < b
            <nowiki>[[고리 아님]] ''글''</nowiki> → [[고리 아님]] ''글''
            <div>첫 단</div><div>둘째 단</div> → 첫 단\\n둘째 단
            글<!-- 주석\\n여러 줄 -->이다.<!-- 끝없는 → 글이다.
            <ruby>漢<rp>(</rp><rt>한</rt><rp>)</rp></ruby> <ref>닫지 않음 → 漢(한) 닫지 않음
            a&nbsp;b &lt;책&gt; &amp;lt; &#44053;&#xAC15; &없음; &#xD800; A&M → a\u00a0b <책> &lt; 강강 &없음; &#xD800; A&M
            __TOC__글 __목차__ 이름_하나 __x → 글 이름_하나 __x
            * 하나\\n** 둘\\n# 셋\\n: 넷\\n;다섯\\n 여섯 → 하나\\n둘\\n셋\\n넷\\n다섯\\n여섯
            《책》과 《》은 책이다.\\n----\\n...\\n다음 → 책과 은 책이다.\\n다음
            """)
    void markupBecomesText(String markup, String text) {
        assertEquals(lines(text) + "\n", Dumps.body(lines(markup)));
    }

    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '→',
            quoteCharacter = '\0',
            textBlock = """
                    글\\n== 역사 ==\\n옛날 → 글\\n\\n= = 역사  = =\\n\\n옛날
                    ==역사==\\n옛날 → = =역사 = =\\n\\n옛날
                    === 처음 === <!-- -->\\n옛날 → = = = 처음  = = =\\n\\n옛날
                    == 역사 ==\\n=== 처음 ===\\n옛날\\n== 지금 ==\\n오늘 → = = 역사  = =\\n\\n= = = 처음  = = =\\n\\n옛날\\n\\n= = 지금  = =\\n\\n오늘
                    == 빈 ==\\n{{틀}}\\n=== 더 빈 ===\\n== 글 ==\\n있다 → = = 글  = =\\n\\n있다
                    글\\n== 각주 ==\\n하나\\n=== 더 ===\\n둘\\n== 뒤 ==\\n셋 → 글\\n\\n= = 뒤  = =\\n\\n셋
                    글\\n=== 외부 링크 ===\\n* [http://a b]\\n== 같이 보기 ==\\n* [[c]]\\n==참고 문헌==\\nd → 글
                    글\\n\\n= 제목 =\\n\\n다음 → 글\\n\\n= 제목  =\\n\\n다음
                    글\\n\\n= 제목=\\n\\n다음 → 글\\n\\n= 제목  =\\n\\n다음
                    == ''기운'' [[고리|글]] ==\\n옛날 → = = 기운 글  = =\\n\\n옛날
                    a = b = c\\n=\\n==\\n= → a = b = c
                    """)
    void headingsAreKeptAndSectionsOfReferencesAreNot(String markup, String text) {
        assertEquals(lines(text) + "\n", Dumps.body(lines(markup)));
    }

    private static String lines(String cell) {
        return cell.replace("\\n", "\n");
    }
}

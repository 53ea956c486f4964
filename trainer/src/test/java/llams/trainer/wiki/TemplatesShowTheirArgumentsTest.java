package llams.trainer.wiki;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/// A template in the middle of a sentence, and what the sentence says.
class TemplatesShowTheirArgumentsTest {
    @ParameterizedTest(name = "{0}")
    @CsvSource(
            delimiter = '→',
            quoteCharacter = '\0',
            textBlock = """
                    {{formatnum:1234567}}명 → 1,234,567명
                    {{formatnum:18}}과 {{FORMATNUM: -12345.678 }} → 18과 -12,345.678
                    {{formatnum:1,234.5|R}}와 {{formatnum:98765|NOSEP}}와 {{formatnum:열}} → 1234.5와 98765와 열
                    {{수|9876543}}과 {{nts|1000}} → 9,876,543과 1,000
                    {{convert|93|m|ft|0}}이고 {{cvt|1000|ha|acre}}이다 → 93 m이고 1,000 ha이다
                    {{convert|5|to|10|km|mi}}와 {{cvt|5|-|10|km}}와 {{변환|5|–|10|kg|lb|abbr=on}} → 5~10 km와 5~10 km와 5~10 kg
                    {{convert|2|by|3|by|4|m|ft}}와 {{convert|20|±|5|C|F}} → 2 × 3 × 4 m와 20 ± 5 °C
                    {{convert|5|and|7|ft|m}}와 {{convert|1|or|2|mi}} → 5 및 7 ft와 1 또는 2 mi
                    {{convert|5|ft|3|in|cm}}와 {{cvt|12|lb|4|oz|kg|1|adj=on}} → 5 ft 3 in와 12 lb 4 oz
                    {{convert|1+1/2|mi|km}}와 {{convert|-5.5|F}}와 {{convert|12345|km2}} → 1 1/2 mi와 -5.5 °F와 12,345 km²
                    {{val|1.67|e=-27|u=kg}}과 {{val|5|0.1|u=m/s}}와 {{val|12345}} → 1.67×10⁻²⁷ kg과 5±0.1 m/s와 12,345
                    {{frac|2}}와 {{frac|1|3}}과 {{분수|3|1|2}} → 1/2와 1/3과 3 1/2
                    {{국기|대한민국}}과 {{국기나라|일본}}과 {{flag|프랑스}}와 {{Flagcountry|영국}}과 {{나라|미국}} → 대한민국과 일본과 프랑스와 영국과 미국
                    {{국기그림|대한민국}} 서울과 {{flagicon|JPN}} 도쿄 → 서울과 도쿄
                    {{출생일|1990|5|3}}과 {{출생일과 나이|1970|05|03|df=y}}와 {{birth date|1970|May|3}} → 1990년 5월 3일과 1970년 5월 3일와 1970년 5월 3일
                    {{start date|2001}}과 {{시작일|2001|4}}와 {{isodate|2001-04-05}} → 2001년과 2001년 4월와 2001년 4월 5일
                    {{사망일과 나이|1984|11|28|1897|10|28}}과 {{death date and age|1897|10|28|1984|10|27}} → 1984년 11월 28일 (87세)과 1984년 10월 27일 (86세)
                    {{lang|en|Han}}과 {{llang|en|Seoul}}과 {{lang-ja|東京}}과 {{한자|漢江}} → Han과 Seoul과 東京과 漢江
                    {{중국어|t=臺灣|s=台湾|p=Táiwān}}과 {{zh|c=中国}}과 {{일본어|日本}} → 臺灣과 中国과 日本
                    {{nihongo|도쿄|東京|Tōkyō}}와 {{nihongo|오사카|大阪}}는 → 도쿄 (東京, Tōkyō)와 오사카 (大阪)는
                    {{nowrap|10 km}}와 {{small|작은}}과 {{틀:Nowrap|글}}과 {{임시링크|강|en|River}} → 10 km와 작은과 글과 강
                    CO{{sub|2}}와 10{{sup|-3}}과 m{{위 첨자|2}}와 {{e|5}} → CO2와 10⁻³과 m²와 ×10⁵
                    10<sup>-3</sup>과 m<sup>2</sup>와 x<sup>''n''</sup>과 e<sup>x</sup>와 1<sup>st</sup>와 CO<sub>2</sub> → 10⁻³과 m²와 xⁿ과 e^x와 1st와 CO2
                    <math>\\pi r^2</math>과 <math display="inline"> \\frac{a|b}{[[c]]}\\\\n = ''d'' </math>는 → \\pi r^2과 \\frac{a|b}{[[c]]} = ''d''는
                    {{수식|E{{=}}mc<sup>2</sup>}}과 {{math|a = b}}와 {{math|1=c = d}} → E=mc²과 a = b와 c = d
                    절댓값 |x|는 {{!}}y{{!}}와 a&#124;b와 <nowiki>c|d</nowiki>와 [[e|f|g]]이다 → 절댓값 |x|는 |y|와 a|b와 c|d와 f|g이다
                    {{nowrap|{{nowrap|a{{!}}b}} [[c|d=e]] <math>f=g|h</math>}}이다 → a|b d=e f=g|h이다
                    5{{nbsp}}km {{·}} 6{{ndash}}7 → 5 km · 6 – 7
                    """)
    void aTemplateShowsItsArguments(String markup, String text) {
        assertEquals(text.strip() + "\n", Dumps.body(markup.replace("\\\\n", "\n")));
    }
}

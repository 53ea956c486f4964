package llams.trainer.wiki;

import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/// What is left of a template in running text. Those that stand inside sentences carry their text with them: what they
/// show is made of their arguments. Boxes, notices, citations and icons leave nothing. Nothing is known of any other
/// template: [Marks#lost] stands in its place and costs the sentence around it.
final class Templates {
    private static final int LONGEST_NAME = 40;
    private static final Map<String, Function<Arguments, String>> SHOWN = new HashMap<>();
    /// Citations, footnotes, notices, links to other parts and icons.
    private static final Set<String> SILENT = names("주, 주석, 내용주, 인용, 참고, 사실, 누구, 누가, 언제, 어디, 모호, 불확실, 쪽, 깨진 링크, 끊어진 링크,"
            + " 죽은 링크, dead link, cn, fact, citation, citation needed, clarify, when, who, which, rp, r, ref, note,"
            + " ref label, note label, sic,"
            + " anchor, 앵커, 책갈피, clear, -, 목차, toc, 본문, main, 상세, 더 보기, see also, 다른 뜻, 다른뜻, 다른 뜻 설명, about, 국기그림,"
            + " 국기 그림,"
            + " flagicon, flag icon, flagdeco, 아이콘, icon, 좌표, coord, 보호, 토막글, 증가, 감소, 유지, increase, decrease,"
            + " steady, hs, ntsh, doi, 빈 줄");
    private static final List<String> SILENT_STARTS = List.of("cite ", "sfn", "harv", "efn", "refn", "각주", "출처", "인용 ",
            "infobox", "정보상자", "pp-", "user ", "defaultsort:", "displaytitle:", "기본정렬:", "제목표시:", "#tag:ref");
    private static final List<String> SILENT_ENDS = List.of(" 인용", " 정보", " 필요", " 토막글", "-stub");
    private static final List<String> PREFIXES = List.of("틀:", "template:", "subst:", "safesubst:", "풀기:", "안전풀기:");

    static {
        show("1",
                "한자, nowrap, nobr, 줄바꿈 금지, 줄바꿈금지, small, 작게, 작은 글씨, big, 크게, larger, smaller, 굵게, 기울임, strong,"
                        + " em, unicode,"
                        + " 유니코드, ill, 임시링크, interlanguage link, ruby, 윗주, 후리가나, abbr, 약자, sub, 아래 첨자, 따옴표, 인용문, 인용문2,"
                        + " quote, cquote,"
                        + " blockquote, nihongo2, 국기, 국기나라, 국가, 나라, flag, flagcountry, flagu, fb, code, kbd, tt, samp");
        show("2", "lang, llang, 언어, color, 색, 글씨 색, 글자 색, font color, sort, 정렬, transl");
        show("1 (2, 3)", "nihongo, nihongo3, 니혼고");
        show("√1", "sqrt, radic, 제곱근");
        show("ISBN 1", "isbn");
        show("=", "=");
        show("|", "!");
        show("·", "·, 가운뎃점, bull, •, ·w, dot");
        show(" – ", "ndash, snd, spnd, –, spaced ndash");
        show(" — ", "mdash, spaced mdash, —");
        show(" ", "nbsp, space, spaces, 빈칸, br, 줄바꿈");
        show("'", "'");
        rule(given -> Numbers.raised(given.at(1)), "sup, 위 첨자");
        rule(Numbers::converted, "convert, cvt, 변환, 단위 변환, 단위변환");
        rule(Numbers::value, "val");
        rule(Numbers::fraction, "frac, 분수, sfrac");
        rule(given -> given.at(1).isEmpty() ? null : Numbers.grouped(given.at(1)),
                "수, 숫자, number, nts, num, gaps, formatnum");
        rule(given -> given.at(1).isEmpty() ? null : "×10" + Numbers.raised(given.at(1)), "e");
        rule(given -> given.at(1).isEmpty() ? null : "10" + Numbers.raised(given.at(1)), "10^");
        rule(given -> given.at(given.unnamed().size() > 1 ? 2 : 1), "ipa");
        rule(given -> given.at(1).isEmpty() ? given.whole() : given.at(1), "math, 수식, mvar, var, texmath");
        rule(given -> given.any("t", "c", "s", "정체", "번체", "간체", "한자", "원어", "text", "글"),
                "zh, 중국어, 중국어 표기, 일본어, 일본어 표기, 한국어, 영어,"
                        + " 독일어, 프랑스어, 러시아어, 스페인어, 이탈리아어, 라틴어, 그리스어, 아랍어, 히브리어, 페르시아어, 튀르키예어, 터키어, 산스크리트어, 힌디어,"
                        + " 베트남어, 몽골어, 만주어, 포르투갈어, 네덜란드어, 스웨덴어, 폴란드어, 체코어, 헝가리어, 핀란드어, 우크라이나어, 태국어, 티베트어, 에스페란토");
        rule(Dates::date, "출생일, 출생일과 나이, 출생일과 만나이, 생년월일, 생년월일과 나이, 생일, 출생, 시작일, 시작 날짜, 시작날짜, 종료일, 끝 날짜, 날짜, 개봉일,"
                + " 출시일, 설립일, 설립일과 나이, 사망일, birth date, birth date and age, birth-date, birth-date and age, birth"
                + " year and age, bda, dob,"
                + " start date, start date and age, end date, death date, death-date, date, isodate, dts, film"
                + " date, release date");
        rule(Dates::death, "사망일과 나이, 사망일과 만나이, death date and age, death-date and age, dda");
    }

    private Templates() {}

    private static Set<String> names(String list) {
        return Set.of(list.split(", ?"));
    }

    private static void rule(Function<Arguments, String> rule, String list) {
        names(list).forEach(name -> SHOWN.put(name, rule));
    }

    /// @param shown digits stand for the arguments of that number
    private static void show(String shown, String list) {
        rule(given -> {
            StringBuilder text = new StringBuilder();
            boolean some = shown.chars().noneMatch(Character::isDigit);
            for (int i = 0; i < shown.length(); i++) {
                char c = shown.charAt(i);
                text.append(Character.isDigit(c) ? given.at(c - '0') : c);
                some |= Character.isDigit(c) && !given.at(c - '0').isEmpty();
            }
            return some ? text.toString() : null;
        }, list);
    }

    /// @param page holds the template's inside from `start` to its end, templates within replaced already
    static String text(StringBuilder page, int start) {
        int bar = page.indexOf("|", start);
        int nameEnd = bar < 0 ? page.length() : bar;
        String name = page.substring(start, Math.min(nameEnd, start + LONGEST_NAME)).replace('_', ' ').strip();
        String key = name.toLowerCase(Locale.ROOT);
        for (String prefix : PREFIXES) {
            key = key.startsWith(prefix) ? key.substring(prefix.length()).strip() : key;
        }
        if (isSilent(key)) {
            return "";
        }
        Arguments given = Arguments.of(page, bar < 0 ? -1 : bar + 1);
        String shown = shown(key, given);
        if (shown != null && !shown.isEmpty()) {
            return Marks.kept(shown);
        }
        // A parser function, #if:..., by its name alone.
        String called = name.startsWith("#") ? name.split(":", 2)[0] : name;
        return isBox(page, start, given) ? "" : Marks.lost(called.replaceAll("[\\p{Cntrl}\\s|=]+", " "));
    }

    private static String shown(String key, Arguments given) {
        if (key.startsWith("formatnum:")) {
            return Numbers.formatted(key.substring("formatnum:".length()), given.at(1));
        }
        if (key.startsWith("lang-")) {
            return given.at(1);
        }
        Function<Arguments, String> rule = SHOWN.get(key);
        return rule == null ? null : rule.apply(given);
    }

    private static boolean isSilent(String key) {
        return SILENT.contains(key) || SILENT_STARTS.stream().anyMatch(key::startsWith)
                || SILENT_ENDS.stream().anyMatch(key::endsWith);
    }

    /// Boxes begin a line, and span several or have only named arguments.
    private static boolean isBox(StringBuilder page, int start, Arguments given) {
        boolean beginsLine = start == 0 || page.charAt(start - 1) == '\n' || page.charAt(start - 1) == Marks.END;
        return beginsLine && (page.indexOf("\n", start) >= 0 || given.unnamed().isEmpty() && !given.named().isEmpty());
    }
}

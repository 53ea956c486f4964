package llams.trainer.wiki;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/// What is left of a template in running text. Most leave nothing: boxes, notes, references. A few stand inside sentences
/// and carry their text with them; what they show is written here in terms of their numbered arguments.
final class Templates {
    private static final int LONGEST_NAME = 40;
    private static final Map<String, String> SHOWN = new HashMap<>();

    static {
        show("1", "한자", "nowrap", "nobr", "줄바꿈 금지", "줄바꿈금지", "small", "작게", "작은 글씨", "big", "크게", "굵게", "기울임",
                "unicode", "유니코드", "ill", "임시링크", "국기나라", "ruby", "윗주", "후리가나", "abbr", "약자", "sup", "sub",
                "위 첨자", "아래 첨자", "따옴표", "인용문", "인용문2", "quote", "cquote", "blockquote", "lang-");
        show("2", "lang", "llang", "언어", "color", "색", "글씨 색", "글자 색", "font color");
        show("1 2", "변환", "convert", "단위 변환");
        show("1/2", "frac", "분수", "sfrac");
        show("=", "=");
        show("·", "·", "가운뎃점");
    }

    private Templates() {}

    private static void show(String shown, String... names) {
        for (String name : names) {
            SHOWN.put(name, shown);
        }
    }

    /// @param page holds the template's inside from `start` to its end, templates within replaced already
    static String text(StringBuilder page, int start) {
        int bar = page.indexOf("|", start);
        int nameEnd = bar < 0 ? page.length() : bar;
        if (nameEnd - start > LONGEST_NAME) {
            return "";
        }
        String name = page.substring(start, nameEnd).strip().replace('_', ' ').toLowerCase(Locale.ROOT);
        String shown = SHOWN.get(name.startsWith("lang-") ? "lang-" : name);
        if (shown == null) {
            return "";
        }
        List<String> arguments = bar < 0 ? List.of() : arguments(page, bar + 1);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < shown.length(); i++) {
            char c = shown.charAt(i);
            if (!Character.isDigit(c)) {
                text.append(c);
            } else if (c - '1' < arguments.size()) {
                text.append(arguments.get(c - '1'));
            }
        }
        return text.toString();
    }

    /// The arguments without a name, and those named 1 and 2.
    private static List<String> arguments(StringBuilder page, int from) {
        List<String> unnamed = new ArrayList<>();
        int start = from;
        while (start <= page.length()) {
            int bar = page.indexOf("|", start);
            int end = bar < 0 ? page.length() : bar;
            String argument = page.substring(start, end);
            int equals = argument.indexOf('=');
            if (equals < 0) {
                unnamed.add(argument.strip());
            } else if (argument.substring(0, equals).strip().equals(String.valueOf(unnamed.size() + 1))) {
                unnamed.add(argument.substring(equals + 1).strip());
            }
            start = end + 1;
        }
        return unnamed;
    }
}

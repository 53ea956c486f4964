package llams.trainer.wiki;

import java.util.HashSet;
import java.util.Set;

/// The elements `<name>...</name>` of a page that mean something, and switches; others are text.
final class Elements {
    private static final int LONGEST_NAME = 16;
    private static final int LONGEST_SWITCH = 30;
    private static final int LONGEST_SUPERSCRIPT = 24;
    /// Removed with their contents, which are not prose or not the article's.
    static final Set<String> REMOVED = Set.of("ref", "references", "gallery", "syntaxhighlight", "source", "pre",
            "timeline", "score", "imagemap", "graph", "mapframe", "maplink", "hiero", "includeonly", "templatestyles",
            "table", "inputbox", "categorytree", "indicator");
    /// They hold TeX, which is kept as it stands.
    static final Set<String> FORMULAS = Set.of("math", "chem", "ce");
    /// Removed, while their contents stay.
    static final Set<String> INLINE = Set.of("span", "b", "i", "u", "s", "em", "strong", "small", "big", "sub", "sup",
            "font", "code", "tt", "kbd", "samp", "var", "cite", "q", "del", "ins", "strike", "abbr", "ruby", "rb", "rp",
            "rt", "rtc", "bdi", "bdo", "dfn", "mark", "time", "data", "wbr", "nobr", "noinclude", "onlyinclude",
            "section", "br", "nowiki");
    /// They stand on lines of their own.
    static final Set<String> BLOCK = Set.of("p", "div", "center", "blockquote", "ul", "ol", "li", "dl", "dt", "dd",
            "hr", "poem", "h1", "h2", "h3", "h4", "h5", "h6", "tr", "td", "th", "tbody", "thead", "caption");

    private final String page;
    /// Names that are known not to be closed any more.
    private final Set<String> unclosed = new HashSet<>();

    Elements(String page) {
        this.page = page;
    }

    static boolean isKnown(String name) {
        return REMOVED.contains(name) || FORMULAS.contains(name) || INLINE.contains(name) || BLOCK.contains(name);
    }

    /// The place after a tag's name.
    int nameEnd(int from) {
        int end = from;
        while (end < page.length() && end - from < LONGEST_NAME && isNamePart(page.charAt(end))) {
            end++;
        }
        return end;
    }

    private static boolean isNamePart(char c) {
        return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9';
    }

    /// The place after a tag's `>`, -1 if it has none: another `<` comes first, or the page's end.
    int tagEnd(int from) {
        int end = from;
        while (end < page.length() && page.charAt(end) != '>' && page.charAt(end) != '<') {
            end++;
        }
        return end < page.length() && page.charAt(end) == '>' ? end + 1 : -1;
    }

    /// The place after a switch, `__TOC__` or `__목차__`, which is not text; -1 if there is none.
    int switchEnd(int from) {
        int end = from + 2;
        int longest = Math.min(page.length(), from + LONGEST_SWITCH);
        while (end < longest && Character.isLetter(page.charAt(end))) {
            end++;
        }
        return page.startsWith("__", from) && end > from + 2 && page.startsWith("__", end) ? end + 2 : -1;
    }

    /// What `<sup>` holds from here to its end, as superscripts: `10<sup>2</sup>` is not 102. Empty if it is long or
    /// has other markup.
    String superscript(int from) {
        int end = from;
        int longest = Math.min(page.length(), from + LONGEST_SUPERSCRIPT);
        while (end < longest && page.charAt(end) != '<') {
            end++;
        }
        String inside = page.substring(from, end).replace("''", "").replace("&minus;", "−");
        boolean plain = page.startsWith("</sup>", end)
                && inside.chars().allMatch(c -> c > ' ' && "{}[]|&=".indexOf(c) < 0);
        return plain ? Numbers.raised(inside) : "";
    }

    /// Where the next `</name` with its `>` is, -1 if there is none. That is asked only once for each name.
    int closingTag(String name, int from) {
        if (unclosed.contains(name)) {
            return -1;
        }
        int close = page.indexOf("</", from);
        while (close >= 0) {
            int end = close + 2 + name.length();
            if (page.regionMatches(true, close + 2, name, 0, name.length()) && end < page.length()
                    && !isNamePart(page.charAt(end)) && tagEnd(end) > 0) {
                return close;
            }
            close = page.indexOf("</", close + 2);
        }
        unclosed.add(name);
        return -1;
    }
}

package llams.trainer.wiki;

import java.util.List;

/// Web addresses in a page.
final class Addresses {
    private static final List<String> SCHEMES = List.of("http://", "https://", "ftp://", "//", "mailto:");
    private static final int BARE_SCHEMES = 3;

    private Addresses() {}

    /// The place after the address at `from`, -1 if there is none.
    ///
    /// @param bracketed whether it stands after a `[`. Without, Korean letters end it, as particles follow directly,
    ///                  and so does a `)` of the sentence
    static int end(String page, int from, boolean bracketed) {
        int start = -1;
        for (String scheme : bracketed ? SCHEMES : SCHEMES.subList(0, BARE_SCHEMES)) {
            if (page.startsWith(scheme, from)) {
                start = from + scheme.length();
                break;
            }
        }
        if (start < 0) {
            return -1;
        }
        int end = start;
        int parentheses = 0;
        while (end < page.length()) {
            char c = page.charAt(end);
            parentheses += c == '(' ? 1 : 0;
            if (c <= ' ' || "[]<>\"{}|".indexOf(c) >= 0 || !bracketed && (c > '~' || c == ')' && parentheses-- == 0)) {
                break;
            }
            end++;
        }
        return end;
    }
}

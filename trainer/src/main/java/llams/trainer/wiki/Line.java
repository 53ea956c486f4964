package llams.trainer.wiki;

/// One line of text, without what markup leaves behind when it is removed.
final class Line {
    private Line() {}

    /// Empty if nothing worth keeping is left: a `|` is what is left of tables and boxes, unless it is marked as the
    /// text's own ([Marks#BAR]), and no letter or digit means no text.
    static String tidy(String line) {
        if (line.indexOf('|') >= 0 || line.codePoints().noneMatch(Character::isLetterOrDigit)) {
            return "";
        }
        StringBuilder out = new StringBuilder(line.length());
        for (int i = 0; i < line.length(); i++) {
            char c = line.charAt(i);
            switch (c) {
                case '《', '》' -> {}
                case Marks.BAR -> out.append('|');
                case Marks.EQUALS -> out.append('=');
                case ')' -> closeParenthesis(out);
                default -> {
                    if (!(isSeparator(c) && endsWith(out, '(')) && !(c == ' ' && endsWith(out, ' ')) && isText(c)) {
                        out.append(c);
                    }
                }
            }
        }
        return out.toString().strip();
    }

    /// `(` and `)` with nothing but separators between them go, with the blank before; separators before `)` go.
    private static void closeParenthesis(StringBuilder out) {
        int end = out.length();
        while (end > 0 && isSeparator(out.charAt(end - 1))) {
            end--;
        }
        if (end == 0 || out.charAt(end - 1) != '(') {
            // A blank alone may be meant, as in "1990년 ~ )".
            out.setLength(out.length() > end && isBlankFrom(out, end) ? out.length() : end);
            out.append(')');
            return;
        }
        end--;
        out.setLength(end > 0 && out.charAt(end - 1) == ' ' ? end - 1 : end);
    }

    private static boolean isBlankFrom(StringBuilder out, int from) {
        return out.indexOf(",", from) < 0 && out.indexOf(";", from) < 0;
    }

    private static boolean isSeparator(char c) {
        return c == ' ' || c == ',' || c == ';' || c == '\u00a0';
    }

    private static boolean endsWith(StringBuilder out, char c) {
        return !out.isEmpty() && out.charAt(out.length() - 1) == c;
    }

    private static boolean isText(char c) {
        return c == '\t' || !Character.isISOControl(c);
    }
}

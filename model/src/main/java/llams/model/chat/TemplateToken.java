package llams.model.chat;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/// A token of the text inside a template's tag.
///
/// @param text  as it is written; a quote for a string
/// @param value a string's value, else null
record TemplateToken(Kind kind, String text, String value) {
    enum Kind {
        NAME, NUMBER, STRING, SIGN, SPACE
    }

    private static final Set<String> ENDS_NOT = Set.of("and", "or", "if", "else");
    private static final Pattern EXPONENT = Pattern.compile("[eE][+-]?\\d+");

    boolean is(String sign) {
        return text.equals(sign) && kind != Kind.STRING;
    }

    /// 1 for an opening bracket, -1 for a closing one, else 0.
    private int nesting() {
        return kind != Kind.SIGN ? 0 : "([{".contains(text) ? 1 : ")]}".contains(text) ? -1 : 0;
    }

    /// The tokens of the text inside a tag.
    ///
    /// @param refused turns a message into an exception that knows the line
    static List<TemplateToken> list(String body, Function<String, TemplateException> refused) {
        List<TemplateToken> tokens = new ArrayList<>();
        for (int i = 0; i < body.length();) {
            int begin = i;
            char c = body.charAt(i);
            if (c == '\'' || c == '"') {
                i = stringEnd(body, i, refused);
                String value = unescaped(body.substring(begin + 1, i - 1), refused);
                int last = tokens.size() - 1;
                while (last >= 0 && tokens.get(last).kind() == Kind.SPACE) {
                    last--;
                }
                // Strings side by side are one.
                boolean joins = last >= 0 && tokens.get(last).kind() == Kind.STRING;
                String whole = joins ? tokens.remove(last).value() + value : value;
                tokens.add(new TemplateToken(Kind.STRING, "\"", whole));
                continue;
            }
            Kind kind;
            if (Character.isWhitespace(c)) {
                kind = Kind.SPACE;
                while (i < body.length() && Character.isWhitespace(body.charAt(i))) {
                    i++;
                }
            } else if (Character.isLetter(c) || c == '_') {
                kind = Kind.NAME;
                while (i < body.length() && (Character.isLetterOrDigit(body.charAt(i)) || body.charAt(i) == '_')) {
                    i++;
                }
            } else if (Character.isDigit(c)) {
                kind = Kind.NUMBER;
                while (i < body.length() && (Character.isDigit(body.charAt(i))
                        || body.charAt(i) == '.' && i + 1 < body.length() && Character.isDigit(body.charAt(i + 1)))) {
                    i++;
                }
                Matcher exponent = EXPONENT.matcher(body).region(i, body.length());
                i = exponent.lookingAt() ? exponent.end() : i;
            } else {
                kind = Kind.SIGN;
                i += i + 1 < body.length()
                        && Set.of("==", "!=", "<=", ">=", "//", "**").contains(body.substring(i, i + 2)) ? 2 : 1;
            }
            tokens.add(new TemplateToken(kind, body.substring(begin, i), null));
        }
        return tokens;
    }

    /// Where the string ends whose opening quote is at `quote`.
    static int stringEnd(String text, int quote, Function<String, TemplateException> refused) {
        for (int i = quote + 1; i < text.length(); i++) {
            if (text.charAt(i) == '\\') {
                i++;
            } else if (text.charAt(i) == text.charAt(quote)) {
                return i + 1;
            }
        }
        throw refused.apply("a string is never closed");
    }

    /// The value of what stands between quotes, with Python's escapes.
    private static String unescaped(String quoted, Function<String, TemplateException> refused) {
        StringBuilder value = new StringBuilder();
        for (int i = 0; i < quoted.length(); i++) {
            char c = quoted.charAt(i);
            if (c != '\\' || i + 1 == quoted.length()) {
                value.append(c);
                continue;
            }
            char escape = quoted.charAt(++i);
            int digits = switch (escape) {
                case 'x' -> 2;
                case 'u' -> 4;
                case 'U' -> 8;
                default -> 0;
            };
            if (digits > 0) {
                if (i + digits >= quoted.length() || !quoted.substring(i + 1, i + 1 + digits).matches("\\p{XDigit}+")) {
                    throw refused.apply(
                            "\\" + escape + " in a string must be followed by " + digits + " hexadecimal digits");
                }
                value.appendCodePoint((int) Long.parseLong(quoted.substring(i + 1, i + 1 + digits), 16));
                i += digits;
                continue;
            }
            switch (escape) {
                case 'n' -> value.append('\n');
                case 't' -> value.append('\t');
                case 'r' -> value.append('\r');
                case 'b' -> value.append('\b');
                case 'f' -> value.append('\f');
                case '\n' -> {
                    // A line continues.
                }
                case '\\', '\'', '"' -> value.append(escape);
                default -> value.append('\\').append(escape);
            }
        }
        return value.toString();
    }

    /// Where the word stands outside of brackets, at `from` or later, or -1.
    static int indexOf(List<TemplateToken> tokens, String word, int from) {
        int depth = 0;
        for (int i = 0; i < tokens.size(); i++) {
            depth += tokens.get(i).nesting();
            if (depth == 0 && i >= from && tokens.get(i).is(word)) {
                return i;
            }
        }
        return -1;
    }

    /// Puts brackets around what `not` denies: Jinjava takes as little as it can, Jinja up to the next `and`, `or`
    /// or `if`.
    static void bracketNots(List<TemplateToken> words) {
        for (int i = words.size() - 2; i >= 0; i--) {
            if (!words.get(i).is("not") || i > 0 && words.get(i - 1).is("is") || words.get(i + 1).is("in")) {
                continue;
            }
            int end = i + 1;
            for (int depth = 0; end < words.size(); end++) {
                TemplateToken word = words.get(end);
                depth += word.nesting();
                if (depth < 0
                        || depth == 0 && (word.kind() == Kind.NAME && ENDS_NOT.contains(word.text()) || word.is(","))) {
                    break;
                }
            }
            words.add(end, new TemplateToken(Kind.SIGN, ")", null));
            words.add(i + 1, new TemplateToken(Kind.SIGN, "(", null));
        }
    }
}

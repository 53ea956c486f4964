package llams.trainer.task;

import java.util.regex.MatchResult;
import java.util.regex.Pattern;

/// The result in an answer to a problem of mathematics: what stands in the last `\boxed{...}`, else between dollar
/// signs, else behind the last `=`, else the last number; and whether two results are the same although they are
/// written differently. As HRM8K's answers are judged by lm-evaluation-harness, with one difference: if the right
/// answer has none of these, it is the whole text.
final class MathResult {
    private static final Pattern DOLLARS = Pattern.compile("\\$(.*)\\$");
    private static final Pattern NUMBER = Pattern.compile("\\$?\\d+(?:\\.\\d+)?(?!\\w)",
            Pattern.UNICODE_CHARACTER_CLASS);

    private MathResult() {}

    static boolean isRight(String answer, String right) {
        String wanted = number(right);
        String wantedResult = result(wanted);
        String given = result(answer);
        return given != null && number(plain(given)).equals(plain(wantedResult == null ? wanted : wantedResult));
    }

    /// Null if there is none.
    static String result(String text) {
        if (text.contains("\\boxed")) {
            String boxed = lastBox(text);
            return boxed == null ? null : behindEquals(boxed);
        }
        String inDollars = DOLLARS.matcher(text)
                .results()
                .map(match -> match.group(1))
                .reduce((_, last) -> last)
                .orElse("");
        if (!inDollars.isEmpty()) {
            return behindEquals(inDollars);
        }
        if (text.contains("=")) {
            String behind = behindEquals(text).replaceAll("\\.+$", "");
            return behind.split("\\\\n", 2)[0];
        }
        return NUMBER.matcher(text).results().map(MatchResult::group).reduce((_, last) -> last).orElse(null);
    }

    /// What the last box holds; null if it has no end.
    private static String lastBox(String text) {
        int from = text.lastIndexOf("\\boxed") + "\\boxed".length();
        int depth = 0;
        for (int i = from; i < text.length(); i++) {
            depth += switch (text.charAt(i)) {
                case '{' -> 1;
                case '}' -> -1;
                default -> 0;
            };
            if (depth == 0) {
                return i > from ? text.substring(from + 1, i) : null;
            }
        }
        return null;
    }

    private static String behindEquals(String text) {
        int at = text.lastIndexOf('=');
        return at < 0 ? text : text.substring(at + 1).replaceAll("^ +", "");
    }

    /// `18.0` is 18.
    private static String number(String text) {
        String stripped = text.strip();
        if (!stripped.matches("[+-]?(\\d+\\.?\\d*|\\.\\d+)([eE][+-]?\\d+)?")) {
            return stripped;
        }
        double value = Double.parseDouble(stripped);
        return value == Math.rint(value) && Math.abs(value) < 1e15
                ? Long.toString((long) value)
                : Double.toString(value);
    }

    /// Without what only concerns the typesetting.
    static String plain(String result) {
        String plain = result.replace("\n", "")
                .replace("\\!", "")
                .replace("\\\\", "\\")
                .replace("tfrac", "frac")
                .replace("dfrac", "frac")
                .replace("\\left", "")
                .replace("\\right", "")
                .replace("^{\\circ}", "")
                .replace("^\\circ", "")
                .replace("\\$", "");
        plain = plain.split("\\\\text\\{ ", 2)[0].replace("\\%", "").replace(" .", " 0.").replace("{.", "{0.");
        plain = plain.startsWith(".") ? "0" + plain : plain;
        String[] sides = plain.split("=", -1);
        plain = sides.length == 2 && sides[0].length() <= 2 ? sides[1] : plain;
        plain = plain.replaceAll("\\\\sqrt([^{])", "\\\\sqrt{$1}").replace(" ", "");
        plain = plain.replaceAll("\\\\frac([^{])\\{", "\\\\frac{$1}{")
                .replaceAll("\\\\frac([^{])([^{])", "\\\\frac{$1}{$2}");
        return plain.equals("0.5") ? "\\frac{1}{2}" : plain.replaceFirst("^(-?\\d+)/(-?\\d+)$", "\\\\frac{$1}{$2}");
    }
}

package llams.trainer.task;

import java.util.Locale;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;

/// When a written answer is right: when it and the right one are the same after both have been simplified.
///
/// @param ignored what makes no difference
/// @param math    whether only the result in them counts, see [MathResult]
record AnswerRule(Set<Ignored> ignored, boolean math) {
    private static final Pattern SPACES = Pattern.compile("[\\s\\p{Z}]+");
    /// Python's `string.punctuation`.
    private static final Pattern PUNCTUATION = Pattern.compile("[!-/:-@\\[-`{-~]");

    /// What makes no difference.
    enum Ignored {
        SPACES(text -> AnswerRule.SPACES.matcher(text).replaceAll("")),
        CASE(text -> text.toLowerCase(Locale.ROOT)),
        PUNCTUATION(text -> AnswerRule.PUNCTUATION.matcher(text).replaceAll("")),
        /// White space at the beginning and the end.
        EDGES(String::strip);

        private final UnaryOperator<String> remove;

        Ignored(UnaryOperator<String> remove) {
            this.remove = remove;
        }
    }

    boolean isRight(String answer, String right) {
        return math
                ? MathResult.isRight(simple(answer), simple(right))
                : simple(answer).equals(simple(right));
    }

    private String simple(String text) {
        String simple = text;
        for (Ignored one : Ignored.values()) {
            simple = ignored.contains(one) ? one.remove.apply(simple) : simple;
        }
        return simple;
    }
}

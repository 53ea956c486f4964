package llams.model.lora;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;

/// A regular expression in Python's form, as adapter configs have them, for the names of modules.
final class PythonPattern {
    /// Characters that one match may look at: far more than any sensible pattern needs, reached in milliseconds.
    private static final int PATIENCE = 1_000_000;

    private static final int SHOWN = 100;

    private final String text;
    private final Pattern pattern;

    /// @throws IllegalArgumentException if it is not a regular expression
    PythonPattern(String text) {
        this.text = text.length() <= SHOWN ? text : text.substring(0, SHOWN) + "...";
        try {
            pattern = Pattern.compile(
                    text.replace("(?P<", "(?<").replaceAll("\\(\\?P=(\\w+)\\)", "\\\\k<$1>").replace("\\Z", "\\z"));
        } catch (PatternSyntaxException e) {
            throw new IllegalArgumentException("\"" + this.text + "\" is not a regular expression: "
                    + e.getDescription() + " at character " + e.getIndex(), e);
        } catch (StackOverflowError e) {
            throw new IllegalArgumentException(
                    "a regular expression of " + text.length() + " characters is nested too deeply", e);
        }
    }

    /// As Python's `re.fullmatch`.
    boolean matchesAll(String name) {
        return matches(name, true) != null;
    }

    /// As Python's `re.match`: the match at the start of `name`, or null.
    Matcher matchAtStart(String name) {
        return matches(name, false);
    }

    private Matcher matches(String name, boolean all) {
        Matcher matcher = pattern.matcher(new Watched(name, new int[] {PATIENCE}));
        try {
            return (all ? matcher.matches() : matcher.lookingAt()) ? matcher : null;
        } catch (StackOverflowError | Impatience e) {
            throw new IllegalArgumentException(
                    "the regular expression \"" + text + "\" takes too long to match \"" + name + "\"", e);
        }
    }

    /// A name that can be looked at only so often: a hostile pattern would try for years.
    private record Watched(String name, int[] left) implements CharSequence {
        @Override
        public char charAt(int index) {
            if (left[0]-- == 0) {
                throw new Impatience();
            }
            return name.charAt(index);
        }

        @Override
        public int length() {
            return name.length();
        }

        @Override
        public CharSequence subSequence(int begin, int end) {
            return name.substring(begin, end);
        }

        @Override
        public String toString() {
            return name;
        }
    }

    private static final class Impatience extends RuntimeException {
        private static final long serialVersionUID = 1;
    }
}

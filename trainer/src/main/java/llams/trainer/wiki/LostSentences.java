package llams.trainer.wiki;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/// Sentences that would say something other than the page does, because a template in them is not known: "The area is."
/// They are dropped and counted by the template's name.
///
/// A template stands in a sentence unless it is alone in its line, after the sentence's end, or an item of its own
/// between parentheses, as in "Seoul (..., 605 km²) is".
final class LostSentences {
    /// The most names that are told apart. More would be the work of a page that invents them.
    static final int MOST_NAMES = 10_000;
    private static final String OTHERS = "(others)";

    private long count;
    private final Map<String, Long> templates = new TreeMap<>();

    long count() {
        return count;
    }

    /// Each template's name with the number of sentences that it cost.
    Map<String, Long> templates() {
        return templates;
    }

    /// A line without marks of templates, and without the sentences that they have left false.
    String without(String line) {
        return line.indexOf(Marks.LOST) < 0 && line.indexOf(Marks.END) < 0 ? line : new Reader(line).read();
    }

    private void lose(List<String> names) {
        count++;
        names.stream().distinct().forEach(name -> count(templates, name, 1));
    }

    /// Counts a name, under [#OTHERS] if there are too many.
    static void count(Map<String, Long> templates, String name, long more) {
        templates.merge(templates.size() < MOST_NAMES || templates.containsKey(name) ? name : OTHERS, more, Long::sum);
    }

    /// One pass over a line, a sentence at a time.
    private final class Reader {
        private final String line;
        private final StringBuilder out = new StringBuilder();
        private int sentence;
        private int parentheses;
        /// The last character of the sentence that is not blank; 0 before its first.
        private char before;
        /// Templates since then.
        private final List<String> waiting = new ArrayList<>();
        /// Templates that leave the sentence false.
        private final List<String> missing = new ArrayList<>();

        Reader(String line) {
            this.line = line;
        }

        String read() {
            int at = 0;
            while (at < line.length()) {
                char c = line.charAt(at);
                if (c == Marks.LOST || c == Marks.END) {
                    // What is damaged around a template may have cut its mark in two.
                    int end = c == Marks.END ? at : line.indexOf(Marks.END, at);
                    waiting.add(end > at ? line.substring(at + 1, end) : OTHERS);
                    at = Math.max(at, end) + 1;
                    continue;
                }
                boolean blank = Character.isWhitespace(c);
                if (blank && endsSentence()) {
                    waiting.clear();
                    endSentence();
                } else if (!blank) {
                    place(c);
                    before = c;
                    parentheses = Math.max(0, parentheses + (c == '(' ? 1 : c == ')' ? -1 : 0));
                }
                out.append(c);
                at++;
            }
            if (before != 0 && !endsSentence()) {
                missing.addAll(waiting);
            }
            endSentence();
            return out.toString();
        }

        /// Decides on the templates before `next`.
        private void place(char next) {
            boolean item = parentheses > 0 && (before == '(' || isSeparator(before))
                    && (next == ')' || isSeparator(next));
            if (!item) {
                missing.addAll(waiting);
            }
            waiting.clear();
        }

        private void endSentence() {
            if (!missing.isEmpty()) {
                out.setLength(sentence);
                lose(missing);
                missing.clear();
            }
            sentence = out.length();
            before = 0;
            parentheses = 0;
        }

        /// Whether a sentence ends with what is read: not at an initial, an abbreviation or a date's "2001. 5. 3."
        private boolean endsSentence() {
            int end = out.length();
            while (end > sentence && "\"'”’)」』".indexOf(out.charAt(end - 1)) >= 0) {
                end--;
            }
            if (end < sentence + 2 || ".?!。".indexOf(out.charAt(end - 1)) < 0) {
                return false;
            }
            if (out.charAt(end - 1) != '.') {
                return true;
            }
            int letters = 0;
            while (end - 2 - letters >= sentence && letters < 4 && isLatin(out.charAt(end - 2 - letters))) {
                letters++;
            }
            char last = out.charAt(end - 2);
            return letters > 3 || letters == 0 && last != '.' && !Character.isDigit(last);
        }

        private static boolean isLatin(char c) {
            return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z';
        }

        private static boolean isSeparator(char c) {
            return c == ',' || c == ';' || c == '·' || c == '/';
        }
    }
}

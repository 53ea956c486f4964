package llams.trainer.wiki;

import java.util.ArrayDeque;
import java.util.Deque;
import java.util.Locale;
import java.util.Set;

/// An article's body from text that still has its headings' marks: each line of text on its own, blank lines around
/// headings, without sections that are not prose (and all that is under them) or headings over nothing.
final class Article {
    /// Sections of references and links, without blanks.
    private static final Set<String> REMOVED = Set.of("각주", "주석", "주해", "내용주", "참조주", "출처", "참고", "참조", "참고문헌", "참고자료",
            "참고서적", "참고도서", "참고링크", "참고사이트", "같이보기", "함께보기", "더보기", "더읽을거리", "더읽어보기", "관련항목", "관련문서", "외부링크", "외부연결",
            "바깥고리", "바깥링크", "링크", "각주및참고문헌", "참고문헌및각주", "주석및참고문헌", "참고문헌및주석", "각주및출처", "각주와참고문헌", "출처및각주", "주석과참고문헌",
            "references", "externallinks", "seealso", "notes", "footnotes", "furtherreading");
    private static final int DEEPEST_HEADING = 6;

    private record Heading(int level, String line) {}

    private final StringBuilder body = new StringBuilder();
    /// Headings over the current place that have no text under them yet.
    private final Deque<Heading> waiting = new ArrayDeque<>();
    /// The level of the section that is being left out; 0 if none is.
    private int removedLevel;
    private final LostSentences lost;

    private Article(LostSentences lost) {
        this.lost = lost;
    }

    /// @param text lines as [Wikitext] leaves them
    /// @param lost hears of the sentences that are left out
    /// @return lines that each end in `\n`; empty if nothing is left
    static String body(CharSequence text, LostSentences lost) {
        Article article = new Article(lost);
        text.toString().lines().forEach(article::add);
        return article.body.toString();
    }

    private void add(String source) {
        String line = source.strip();
        int level = level(line);
        if (level > 0) {
            heading(level, line);
        } else if (removedLevel == 0) {
            String tidy = Line.tidy(lost.without(line));
            if (!tidy.isEmpty()) {
                text(tidy);
            }
        }
    }

    /// 0 if the line is not a heading.
    private static int level(String line) {
        int level = 0;
        while (level < DEEPEST_HEADING && 2 * level + 2 < line.length() && line.charAt(level) == '='
                && line.charAt(line.length() - 1 - level) == '=') {
            level++;
        }
        return level;
    }

    private void heading(int level, String source) {
        // A heading states nothing that a template could make false.
        String line = Marks.withoutLost(source);
        if (removedLevel > 0 && level > removedLevel) {
            return;
        }
        removedLevel = 0;
        while (!waiting.isEmpty() && waiting.getLast().level >= level) {
            waiting.removeLast();
        }
        String inside = Line.tidy(line.substring(level, line.length() - level));
        if (REMOVED.contains(inside.replace(" ", "").toLowerCase(Locale.ROOT))) {
            removedLevel = level;
        } else if (!inside.isEmpty()) {
            waiting.add(new Heading(level, line));
        }
    }

    private void text(String line) {
        while (!waiting.isEmpty()) {
            if (!body.isEmpty() && !endsWithBlank()) {
                body.append('\n');
            }
            body.append(marked(waiting.removeFirst().line)).append("\n\n");
        }
        body.append(apart(line)).append('\n');
    }

    private boolean endsWithBlank() {
        return body.charAt(body.length() - 2) == '\n';
    }

    /// A heading's line as the corpus has it: `== 역사 ==` is `= = 역사  = =`.
    private static String marked(String line) {
        return apart(Line.tidy(line).replace("=", " =").strip());
    }

    /// A line that looks like an article's title gets a second blank before its last mark, as the first level's
    /// headings have.
    private static String apart(String line) {
        boolean title = line.startsWith("= ") && line.endsWith(" =") && !line.startsWith("= =")
                && !line.endsWith("  =");
        return title ? line.substring(0, line.length() - 1) + " =" : line;
    }
}

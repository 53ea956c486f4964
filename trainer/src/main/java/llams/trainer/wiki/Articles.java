package llams.trainer.wiki;

import java.util.function.Consumer;

/// What becomes of pages, one by one: what one turns into depends on nothing but itself.
final class Articles {
    private final Consumer<String> out;
    private long articles;
    private long redirects;
    private long otherPages;
    private long empty;
    private final LostSentences lost = new LostSentences();

    /// @param out receives each article as kowikitext, with the blank line after it
    Articles(Consumer<String> out) {
        this.out = out;
    }

    void add(Page page) {
        if (page.namespace() != 0) {
            otherPages++;
            return;
        }
        if (page.isRedirect()) {
            redirects++;
            return;
        }
        String body = Article.body(Wikitext.text(page.text()), lost);
        if (body.isEmpty()) {
            empty++;
            return;
        }
        articles++;
        out.accept("= " + title(page.title()) + " =\n\n" + body + '\n');
    }

    /// One line; a mark of headings at its start is written wide, as readers would take the line for a heading.
    private static String title(String title) {
        String line = title.replaceAll("\\s+", " ").strip();
        return line.startsWith("=") ? "＝" + line.substring(1) : line;
    }

    KowikiText.Counts counts(long bytesRead, long bytesWritten) {
        return new KowikiText.Counts(articles, redirects, otherPages, empty, lost.count(),
                KowikiText.mostFirst(lost.templates()), bytesRead, bytesWritten);
    }
}

package llams.trainer.data;

import java.io.IOException;
import java.util.function.Consumer;
import java.util.regex.Pattern;

/// kowikitext, and WikiText with it: articles joined, each under a line `= title =` (older files: ` = title = `)
/// between blank lines. Headings inside an article are `= = heading  = =`. An article's text is its title line and its
/// body, without blank lines at the end. WikiText is also handed around with its blank lines removed; then every line `
/// = title = ` with its outer spaces is one.
final class KowikiTextReader {
    /// Two spaces before the closing mark are a heading of the wiki's own first level, in the middle of an article.
    private static final Pattern TITLE = Pattern.compile(" ?= (?!=)(?:.*\\S)? = ?\r?");

    private KowikiTextReader() {}

    /// Whether a file that starts with these lines (`second` null at its end) is in this form.
    static boolean recognizes(String first, String second) {
        return isTitle(first) && (second == null || second.isBlank() || isTight(first));
    }

    private static boolean isTitle(String line) {
        return TITLE.matcher(line).matches();
    }

    private static boolean isTight(String line) {
        return line.startsWith(" = ") && line.stripTrailing().length() < line.length() && isTitle(line);
    }

    static void read(Lines lines, Consumer<? super Sample.Text> samples) throws IOException {
        StringBuilder article = new StringBuilder();
        String articlePlace = "";
        // A title is known by the blank line after it, so every line waits for the next one.
        boolean afterBlank = true;
        boolean blankLines = false;
        boolean first = true;
        String line = lines.next();
        while (line != null) {
            String place = lines.place();
            String next = lines.next();
            boolean blankNext = next == null || next.isBlank();
            if (first && !line.isBlank()) {
                blankLines = blankNext;
                first = false;
            }
            if (blankLines ? afterBlank && blankNext && isTitle(line) : isTight(line)) {
                emit(articlePlace, article, samples);
                articlePlace = place;
            }
            if (articlePlace.isEmpty() && !line.isBlank()) {
                articlePlace = place;
            }
            article.append(line).append('\n');
            afterBlank = line.isBlank();
            line = next;
        }
        emit(articlePlace, article, samples);
    }

    private static void emit(String place, StringBuilder article, Consumer<? super Sample.Text> samples) {
        String text = article.toString().strip();
        article.setLength(0);
        if (!text.isEmpty()) {
            samples.accept(new Sample.Text(place, text));
        }
    }
}

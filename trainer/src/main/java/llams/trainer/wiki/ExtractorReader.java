package llams.trainer.wiki;

import java.io.IOException;
import java.io.InputStream;
import java.util.function.Consumer;
import llams.model.files.DataException;
import llams.trainer.data.JsonLine;
import llams.trainer.data.Lines;
import tools.jackson.databind.node.ObjectNode;

/// WikiExtractor's output: a text between `<doc id="..." url="..." title="...">` and `</doc>`, its title in the first
/// line again, or (with its `--json`) one object per line with `title` and `text`.
///
/// Headings there are lines that end in a period, like sentences: they cannot be told apart any more, so headings stay
/// lines of text. Links and categories that WikiExtractor has overlooked are read as markup.
final class ExtractorReader {
    private static final String TITLE = " title=\"";

    private ExtractorReader() {}

    /// @param name how messages call the source
    /// @throws DataException if a document has no beginning, no title or no end
    static void read(InputStream in, String name, Consumer<Page> pages) throws IOException {
        Lines lines = new Lines(in, name);
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (line.isBlank()) {
                continue;
            }
            if (!line.startsWith("<doc ")) {
                throw new DataException(lines.place() + ": wanted <doc id=... title=...>, found: " + start(line));
            }
            pages.accept(document(lines, title(line, lines.place()), lines.place()));
        }
    }

    private static Page document(Lines lines, String title, String place) throws IOException {
        StringBuilder text = new StringBuilder();
        boolean first = true;
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (line.strip().equals("</doc>")) {
                return new Page(title, 0, false, text.toString());
            }
            if (line.startsWith("<doc ")) {
                throw new DataException(
                        lines.place() + ": a document begins, but the one of " + place + " has no </doc>");
            }
            if (!first || !Entities.decode(line).strip().equals(title)) {
                text.append(line).append('\n');
            }
            first = false;
        }
        throw new DataException(
                place + ": the document \"" + title + "\" has no </doc>; the file is probably cut short");
    }

    /// Quotation marks in a title stand there as they are.
    private static String title(String line, String place) {
        int from = line.indexOf(TITLE);
        int to = line.lastIndexOf("\">");
        if (from < 0 || to < from + TITLE.length()) {
            throw new DataException(place + ": wanted <doc id=... title=\"...\">, found: " + start(line));
        }
        String title = Entities.decode(line.substring(from + TITLE.length(), to)).strip();
        if (title.isEmpty()) {
            throw new DataException(place + ": a document without a title");
        }
        return title;
    }

    static void readJson(InputStream in, String name, Consumer<Page> pages) throws IOException {
        Lines lines = new Lines(in, name);
        for (String line = lines.next(); line != null; line = lines.next()) {
            if (line.isBlank()) {
                continue;
            }
            ObjectNode row = JsonLine.parse(line, lines.place());
            String title = Entities.decode(JsonLine.text(row, "title", lines.place())).strip();
            if (title.isEmpty()) {
                throw new DataException(lines.place() + ": a document without a title");
            }
            pages.accept(new Page(title, 0, false, JsonLine.text(row, "text", lines.place())));
        }
    }

    private static String start(String line) {
        return line.substring(0, Math.min(line.length(), 60));
    }
}

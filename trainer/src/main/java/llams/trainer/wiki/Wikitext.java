package llams.trainer.wiki;

import static llams.trainer.wiki.Frames.EXTERNAL;
import static llams.trainer.wiki.Frames.LINK;
import static llams.trainer.wiki.Frames.TABLE;
import static llams.trainer.wiki.Frames.TEMPLATE;

import java.util.Locale;

/// MediaWiki's markup to text, in one pass over the page.
///
/// What is open at a place (templates, tables, links) is a stack of frames. The text goes into one buffer, and a frame
/// is a stretch of it: closing it cuts the stretch off or replaces it, and what is never closed stays as it stands,
/// without its marks. So time is linear in the page's length whatever is nested or left open.
///
/// Headings keep their marks. A `|` that belongs to the text is marked as such; lines that hold another are left to
/// [Article], which drops them, and so are sentences that hold a template of which nothing is known ([Marks]).
final class Wikitext {
    /// How deep MediaWiki expands templates. Deeper ones leave nothing, so that no text is moved more often than this.
    private static final int DEEPEST = 40;

    private final String page;
    private final StringBuilder out;
    private int at;
    /// Where `out` has its last bar that looked like text when it came; -1 if its line has none.
    private int lastBar = -1;

    private final Frames frames = new Frames();
    private final Elements elements;

    private Wikitext(String page) {
        this.page = Marks.free(page);
        this.elements = new Elements(this.page);
        this.out = new StringBuilder(page.length());
    }

    static StringBuilder text(String page) {
        Wikitext wikitext = new Wikitext(page);
        wikitext.run();
        return wikitext.out;
    }

    private void run() {
        while (at < page.length()) {
            if (lineStarts()) {
                startLine();
                if (at == page.length()) {
                    break;
                }
            }
            char c = page.charAt(at);
            switch (c) {
                case '\n' -> endLine();
                case '<' -> tag();
                case '{' -> openBraces();
                case '}' -> closeBraces();
                case '[' -> openBracket();
                case ']' -> closeBracket();
                case '\'' -> quotes();
                case '|' -> bar();
                case '&' -> reference();
                case '_' -> skip(elements.switchEnd(at));
                case 'h', 'f' -> address();
                default -> plain();
            }
        }
    }

    private void plain() {
        int end = at + 1;
        while (end < page.length() && !isSpecial(page.charAt(end))) {
            end++;
        }
        out.append(page, at, end);
        at = end;
    }

    private static boolean isSpecial(char c) {
        return switch (c) {
            case '\n', '<', '{', '}', '[', ']', '\'', '|', '&', '_', 'h', 'f' -> true;
            default -> false;
        };
    }

    private void literal(int end) {
        out.append(page, at, end);
        at = end;
    }

    /// Continues after markup that ends at `end`; less than 0: it is not markup.
    private void skip(int end) {
        if (end < 0) {
            literal(at + 1);
        } else {
            at = end;
        }
    }

    /// How many of the character at [#at] there are in a row.
    private int runLength() {
        int end = at;
        while (end < page.length() && page.charAt(end) == page.charAt(at)) {
            end++;
        }
        return end - at;
    }

    // Lines

    private boolean lineStarts() {
        boolean newLine = out.isEmpty() || out.charAt(out.length() - 1) == '\n';
        // Right after its opening marks, a template or link does not begin a line.
        return newLine && (frames.depth() == 0 || frames.in(TABLE) || frames.start() < out.length());
    }

    /// Marks of lists and indentation go; tables begin and end here alone.
    private void startLine() {
        int from = at;
        while (from < page.length() && " \t*#:;".indexOf(page.charAt(from)) >= 0) {
            from++;
        }
        at = from;
        if (page.startsWith("{|", at)) {
            frames.open(TABLE, out.length());
            at += 2;
        } else if (page.startsWith("|}", at)) {
            while (frames.in(LINK) || frames.in(EXTERNAL)) {
                frames.close();
            }
            // In a template it is a bar before the closing braces.
            if (frames.in(TABLE)) {
                out.setLength(frames.close());
                at += 2;
            }
        }
    }

    private void endLine() {
        boolean blank = lineStarts();
        // No link crosses the end of its line, but a picture's caption may cross several.
        while (frames.in(EXTERNAL) || frames.in(LINK) && (blank || !frames.barred())) {
            frames.close();
        }
        out.append('\n');
        at++;
        lastBar = -1;
    }

    /// Outside of all markup it is text, but not at a line's beginning, where tables have theirs.
    private void bar() {
        boolean text = (frames.depth() == 0 || frames.depth() == 1 && frames.in(EXTERNAL)) && !lineStarts();
        frames.bar();
        lastBar = text ? out.length() : lastBar;
        out.append(text ? Marks.BAR : '|');
        at++;
    }

    private void reference() {
        int start = out.length();
        at = Entities.decode(page, at, out);
        replace(start, Marks.kept(out.substring(start)));
    }

    private void replace(int start, String text) {
        out.setLength(start);
        out.append(text);
    }

    // Templates

    private void openBraces() {
        int run = runLength();
        if (run == 1) {
            literal(at + 1);
            return;
        }
        for (int i = 0; i < run / 2; i++) {
            frames.open(TEMPLATE, out.length());
        }
        at += run;
    }

    private void closeBraces() {
        int run = runLength();
        if (run == 1) {
            literal(at + 1);
            return;
        }
        if (!frames.hasTemplate() && lastBar >= 0) {
            // The end of a template without its beginning: the line's bars were its.
            out.setCharAt(lastBar, '|');
        }
        for (int i = 0; i < run / 2 && frames.hasTemplate(); i++) {
            while (!frames.in(TEMPLATE)) {
                frames.close();
            }
            int start = frames.close();
            replace(start, frames.depth() < DEEPEST ? Templates.text(out, start) : "");
        }
        at += run;
    }

    // Links

    private void openBracket() {
        if (page.startsWith("[[", at)) {
            frames.open(LINK, out.length());
            at += 2;
            return;
        }
        int end = Addresses.end(page, at + 1, true);
        if (end < 0) {
            literal(at + 1);
        } else if (page.startsWith("]", end)) {
            at = end + 1;
        } else {
            frames.open(EXTERNAL, out.length());
            at = page.startsWith(" ", end) ? end + 1 : end;
        }
    }

    private void closeBracket() {
        if (frames.in(EXTERNAL)) {
            frames.close();
            at++;
        } else if (!page.startsWith("]]", at)) {
            literal(at + 1);
        } else {
            if (frames.in(LINK)) {
                int start = frames.close();
                replace(start, frames.depth() < DEEPEST ? Links.text(out.substring(start)) : "");
            }
            at += 2;
        }
    }

    private void address() {
        boolean inWord = at > 0 && Character.isLetterOrDigit(page.charAt(at - 1));
        skip(inWord ? -1 : Addresses.end(page, at, false));
    }

    // Smaller marks

    /// Two are italics, three bold, five both; of any other number the surplus is apostrophes.
    private void quotes() {
        int run = runLength();
        int kept = switch (run) {
            case 1, 4 -> 1;
            case 2, 3, 5 -> 0;
            default -> run - 5;
        };
        out.repeat('\'', kept);
        at += run;
    }

    // Elements

    private void tag() {
        if (page.startsWith("<!--", at)) {
            int end = page.indexOf("-->", at + 4);
            at = end < 0 ? page.length() : end + 3;
            return;
        }
        boolean closing = page.startsWith("/", at + 1);
        int nameStart = at + (closing ? 2 : 1);
        int nameEnd = elements.nameEnd(nameStart);
        String name = page.substring(nameStart, nameEnd).toLowerCase(Locale.ROOT);
        int end = Elements.isKnown(name) ? elements.tagEnd(nameEnd) : -1;
        if (end < 0) {
            literal(at + 1);
            return;
        }
        boolean empty = closing || page.charAt(end - 2) == '/';
        at = end;
        if (Elements.BLOCK.contains(name)) {
            out.append('\n');
        } else if (name.equals("br")) {
            out.append(' ');
        } else if (!empty && name.equals("sup")) {
            String raised = elements.superscript(end);
            out.append(raised);
            at = raised.isEmpty() ? end : page.indexOf('<', end);
        } else if (!empty && Elements.REMOVED.contains(name)) {
            int close = elements.closingTag(name, end);
            at = close < 0 ? end : elements.tagEnd(close + 2 + name.length());
        } else if (!empty && (name.equals("nowiki") || Elements.FORMULAS.contains(name))) {
            int close = elements.closingTag(name, end);
            if (close >= 0) {
                String inside = Entities.decode(page.substring(end, close));
                out.append(Marks.kept(name.equals("nowiki") ? inside : inside.replaceAll("\\s+", " ").strip()));
                at = close;
            }
        }
    }

}

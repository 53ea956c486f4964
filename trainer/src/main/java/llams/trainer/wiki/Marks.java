package llams.trainer.wiki;

/// Characters that stand in a text while it is made, in the place of what must not be taken for markup. No page has
/// them: MediaWiki has no control characters, and those of other sources become blanks.
final class Marks {
    /// A template that is not known to show anything begins here, with its name; [#END] ends it.
    static final char LOST = '\u0001';
    static final char END = '\u0002';
    /// A `|` of the text.
    static final char BAR = '\u0003';
    /// A `=` of the text.
    static final char EQUALS = '\u0004';

    private Marks() {}

    /// A page without characters that would be taken for marks.
    static String free(String page) {
        return page.replace(LOST, ' ').replace(END, ' ').replace(BAR, ' ').replace(EQUALS, ' ');
    }

    /// Text that no template around it takes apart.
    static String kept(String text) {
        return text.replace('|', BAR).replace('=', EQUALS);
    }

    /// A line without the templates that are not known.
    static String withoutLost(String line) {
        return line.indexOf(LOST) < 0 ? line : line.replaceAll(LOST + "[^" + END + "]*" + END, "");
    }

    /// What stands in the place of a template that is not known.
    static String lost(String template) {
        return LOST + template + END;
    }
}

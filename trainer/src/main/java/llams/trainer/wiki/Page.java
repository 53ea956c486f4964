package llams.trainer.wiki;

/// A page as a dump has it.
///
/// @param title     one line
/// @param namespace 0 are the articles
/// @param redirect  whether the dump says so; the text may say it too
/// @param text      its markup
record Page(String title, int namespace, boolean redirect, String text) {
    /// Whether the page only leads to another.
    boolean isRedirect() {
        String start = text.substring(0, Math.min(text.length(), 100)).stripLeading();
        return redirect || start.startsWith("#넘겨주기") || start.regionMatches(true, 0, "#redirect", 0, 9);
    }
}

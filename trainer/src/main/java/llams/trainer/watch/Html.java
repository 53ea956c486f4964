package llams.trainer.watch;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/// A page that is being written: one file that asks the network for nothing. What comes from outside goes through
/// [#text].
public final class Html {
    private final StringBuilder html = new StringBuilder();

    /// Begins a page with charts; its policy keeps a browser from fetching anything, whatever the page holds.
    public Html(String title) {
        this(title, resource("uplot/uPlot.min.css"));
    }

    /// Begins a page with a style of its own beside that of all pages.
    public Html(String title, String style) {
        add("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
                + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                + "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:;"
                + " style-src 'unsafe-inline'; script-src 'unsafe-inline'\">\n<link rel=\"icon\" href=\"data:,\">\n"
                + "<title>%s</title>\n<style>\n%s\n%s</style></head><body>\n", text(title), style,
                resource("page.css"));
    }

    /// Appends HTML with values put in as [String#format] does.
    public void add(String pattern, Object... values) {
        html.append(String.format(Locale.ROOT, pattern, values));
    }

    /// Plain text as HTML. Models may write anything.
    public static String text(String plain) {
        return plain.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;").replace("\"", "&quot;");
    }

    /// What draws the charts, with data for it.
    ///
    /// @param json the data; any `<` in it is inside of strings
    void script(String json) {
        data("runs", json);
        // Java's formats would take percent signs for their own.
        html.append("<!-- uPlot: ")
                .append(resource("uplot/LICENSE"))
                .append("-->\n<script>\n")
                // Without its first line, an address: nobody should have to wonder whether the page goes there.
                .append(resource("uplot/uPlot.iife.min.js").replaceFirst(".*\n", ""))
                .append("\n</script>\n");
        code(resource("page.js"));
    }

    /// Data for scripts, which find it by its id.
    ///
    /// @param json any `<` in it is inside of strings
    public void data(String id, String json) {
        html.append("<script type=\"application/json\" id=\"")
                .append(id)
                .append("\">")
                .append(json.replace("<", "\\u003c"))
                .append("</script>\n");
    }

    /// A script, which finds in `llams` what all pages use.
    public void code(String script) {
        html.append("<script>\n").append(resource("parts.js")).append(script).append("</script>\n");
    }

    /// The whole page.
    public String end() {
        return html.append("</body></html>\n").toString();
    }

    /// A time as people say it.
    public static String time(double seconds) {
        long whole = Math.round(seconds);
        return whole < 60
                ? String.format(Locale.ROOT, seconds < 10 ? "%.1f s" : "%.0f s", seconds)
                : whole < 3600
                        ? whole / 60 + " min " + whole % 60 + " s"
                        : whole / 3600 + " h " + whole / 60 % 60 + " min";
    }

    /// A size in memory.
    public static String bytes(double bytes) {
        double mebi = bytes / (1 << 20);
        if (mebi < 0.1) {
            return String.format(Locale.ROOT, bytes < 1024 ? "%.0f bytes" : "%.1f KiB",
                    bytes < 1024 ? bytes : bytes / 1024);
        }
        return mebi < 1024
                ? String.format(Locale.ROOT, mebi < 10 ? "%.1f MiB" : "%.0f MiB", mebi)
                : String.format(Locale.ROOT, "%.1f GiB", mebi / 1024);
    }

    private static String resource(String name) {
        return resource(Html.class, name);
    }

    /// A file that stands beside a class.
    public static String resource(Class<?> beside, String name) {
        try (InputStream in = beside.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

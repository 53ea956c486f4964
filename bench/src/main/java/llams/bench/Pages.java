package llams.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.trainer.watch.Html;

/// What the pages about results share.
final class Pages {
    private Pages() {}

    /// A page with these pages' style.
    static Html begin(String title) {
        Html html = new Html(title);
        html.add("<style>\n%s</style>\n", resource("bench.css"));
        return html;
    }

    static String end(Html html, String program) {
        html.add("<footer>LLaMS %s</footer>\n", Html.text(program));
        return html.end();
    }

    static String resource(String name) {
        try (InputStream in = Pages.class.getResourceAsStream(name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /// Begins a table.
    ///
    /// @param names   of columns of text, which come first
    /// @param figures of columns of figures
    static void head(Html html, List<String> names, List<String> figures) {
        html.add("<div class=\"wide\" tabindex=\"0\"><table>\n<tr>");
        names.forEach(name -> html.add("<th class=\"text\">%s</th>", Html.text(name)));
        figures.forEach(name -> html.add("<th>%s</th>", Html.text(name)));
        html.add("</tr>\n");
    }

    /// A machine and what ran on it, as a table with a column for each.
    static void hosts(Html html, List<String> names, Collection<Map<String, String>> hosts) {
        html.add("<div class=\"wide differ\" tabindex=\"0\"><table>\n");
        if (names.size() > 1) {
            html.add("<tr><th></th>");
            names.forEach(name -> html.add("<th class=\"text\">%s</th>", Html.text(name)));
            html.add("</tr>\n");
        }
        hosts.stream().flatMap(host -> host.keySet().stream()).distinct().forEach(fact -> {
            html.add("<tr><th>%s</th>", Html.text(fact));
            hosts.forEach(
                    host -> html.add("<td class=\"text\">%s</td>", Html.text(host.getOrDefault(fact, "not recorded"))));
            html.add("</tr>\n");
        });
        html.add("</table></div>\n");
    }

    /// A cell with a part of something drawn behind it.
    static String bar(double part, String text) {
        return Double.isFinite(part)
                ? String.format(Locale.ROOT, "<span class=\"bar\" style=\"--part:%.1f%%\">%s</span>",
                        100 * Math.clamp(part, 0, 1), text)
                : "";
    }
}

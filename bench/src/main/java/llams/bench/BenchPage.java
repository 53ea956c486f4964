package llams.bench;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import llams.trainer.watch.Html;

/// One run of the suites as a page: what it says about the machine in words, a roofline for each number of threads, and
/// every case.
final class BenchPage {
    private static final Map<String, String> SUITES = new LinkedHashMap<>();

    static {
        SUITES.put("peak", "The ceilings");
        SUITES.put("kernel", "Matrix products");
        SUITES.put("attention", "Attention");
        SUITES.put("row", "The rest of a layer, and the optimizer");
        SUITES.put("prefillDecode", "Reading a prompt, and generating");
        SUITES.put("trainStep", "Training");
        SUITES.put("load", "Opening a model");
        SUITES.put("tokenizer", "Tokenizing");
    }

    /// A cell of a table, as HTML; empty where a case has no such figure.
    private interface Cell {
        String text(Measured result, Peaks peaks);
    }

    /// Those that no case of a table fills are left out of it.
    private static final Map<String, Cell> COLUMNS = new LinkedHashMap<>();

    static {
        COLUMNS.put("shape", (result, _) -> Html.text(result.shape()));
        COLUMNS.put("dtype", (result, _) -> Html.text(result.dtype()));
        COLUMNS.put("threads", (result, _) -> result.threads() == 0 ? "" : Integer.toString(result.threads()));
        COLUMNS.put("time", (result, _) -> Table.time(result.seconds()));
        COLUMNS.put("±", (result, _) -> Table.percent(result.spread()) + (result.isWide() ? "!" : ""));
        COLUMNS.put("% of the roof", BenchPage::roof);
        COLUMNS.put("GFLOP/s", (result, _) -> Table.figure(result.gflops()));
        COLUMNS.put("% of peak", (result, peaks) -> result.isPeak() ? "" : Table.percent(peaks.shareOfGflops(result)));
        COLUMNS.put("GB/s", (result, _) -> Table.figure(result.gigabytes()));
        COLUMNS.put("% of read",
                (result, peaks) -> result.isPeak() ? "" : Table.percent(peaks.shareOfGigabytes(result)));
        COLUMNS.put("tokens/s", (result, _) -> Table.figure(result.tokens()));
        COLUMNS.put("MiB", (result, _) -> Table.figure(result.mebibytes()));
    }

    private final List<Measured> results;
    private final Peaks peaks;
    private final Html html;

    private BenchPage(List<Measured> results) {
        this.results = results;
        this.peaks = new Peaks(results);
        this.html = Pages.begin("How fast is " + name() + "?");
    }

    static String of(List<Measured> results) {
        return new BenchPage(results).page();
    }

    private Map<String, String> host() {
        return results.getFirst().host();
    }

    private String name() {
        return host().getOrDefault(Host.PROCESSOR, "this machine");
    }

    private String page() {
        html.add("<h1>How fast is this machine?</h1>\n<p>%s", Html.text(name()));
        for (String fact : List.of("cores", "caches", "vectors", "java", Host.DATE)) {
            if (host().containsKey(fact)) {
                html.add("; %s%s", Html.text(host().get(fact)), fact.equals("cores") ? " cores" : "");
            }
        }
        html.add("</p>\n<h2>In words</h2>\n<ul class=\"verdict\">\n");
        new Verdict(results, peaks).sentences().forEach(line -> html.add("<li>%s</li>\n", Html.text(line)));
        html.add("</ul>\n");
        List<String> wide = results.stream().filter(Measured::isWide).map(Measured::key).toList();
        if (!wide.isEmpty()) {
            html.add("<p class=\"warning\">In %d of %d cases the iterations lie more than %.0f%% from their mean: was"
                    + " something else running? They are hollow in the charts and marked with ! in the tables.</p>\n",
                    wide.size(), results.size(), 100 * Measured.WIDE);
        }
        roofs();
        SUITES.forEach(this::suite);
        html.add("<h2>The machine</h2>\n");
        Pages.hosts(html, List.of("this machine"), List.of(host()));
        html.add("<script>\n%s</script>\n", Pages.resource("roofline.js"));
        return Pages.end(html, host().getOrDefault(Host.PROGRAM, ""));
    }

    private void roofs() {
        List<Roofline> roofs = new ArrayList<>();
        for (int threads : peaks.threads()) {
            Roofline roof = new Roofline(results, peaks, threads);
            if (!roof.isEmpty()) {
                roofs.add(roof);
            }
        }
        if (roofs.isEmpty()) {
            html.add("<p class=\"note\">No roofline: the ceilings were not measured.</p>\n");
            return;
        }
        html.add("<h2>Roofline</h2>\n<p class=\"note\">Each mark is one case. The further right, the more operations it"
                + " does on each byte that has to be moved; the higher, the faster it is. The sloping line is what memory"
                + " lets through, the level one what the processor can compute: the nearer a mark is to the line above it,"
                + " the better the kernel uses this machine. Marks above the slope had their data in a cache.</p>\n");
        Roofline.legend(html);
        html.add("<div class=\"roofs\">\n");
        roofs.forEach(roof -> roof.draw(html));
        html.add("</div>\n");
    }

    private void suite(String suite, String title) {
        List<Measured> cases = results.stream().filter(result -> result.suite().equals(suite)).toList();
        if (cases.isEmpty()) {
            return;
        }
        html.add("<h2>%s</h2>\n", title);
        List<String> shown = COLUMNS.keySet()
                .stream()
                .filter(column -> cases.stream().anyMatch(result -> !COLUMNS.get(column).text(result, peaks).isEmpty()))
                .toList();
        Pages.head(html, List.of(""), shown);
        String before = "";
        for (Measured result : cases) {
            String name = result.operation().substring(suite.length() + 1);
            html.add("<tr><th>%s</th>", name.equals(before) ? "" : name);
            before = name;
            shown.forEach(column -> html.add("<td>%s</td>", COLUMNS.get(column).text(result, peaks)));
            html.add("</tr>\n");
        }
        html.add("</table></div>\n");
    }

    private static String roof(Measured result, Peaks peaks) {
        double share = result.isPeak() ? Double.NaN : peaks.shareOfRoof(result);
        return Pages.bar(share, String.format(Locale.ROOT, "%.0f%%", 100 * share));
    }
}

package llams.bench;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import llams.trainer.watch.Html;
import org.openjdk.jmh.util.ListStatistics;

/// Two result files: two JDKs, two machines, two versions of the program.
final class Comparison {
    /// Of Student's test on the iterations.
    private static final double CONFIDENCE = 0.99;
    /// One JVM after the other measures the same code this differently: what it compiles, and where its memory lies, is
    /// in part chance. Taken, not measured.
    private static final double CHANCE_OF_A_JVM = 0.05;
    private static final int SHAPE_COLUMNS = 28;
    private static final String ROW = "  %-" + SHAPE_COLUMNS + "s %-5s %3s %10s %10s %8s  %s%n";

    /// A case of both.
    record Pair(Measured before, Measured after) {
        /// Above 1: the second is faster.
        double ratio() {
            return before.seconds() / after.seconds();
        }

        boolean isChanged() {
            return Math.abs(Math.log(ratio())) > Math.log1p(CHANCE_OF_A_JVM) && new ListStatistics(before.iterations())
                    .isDifferent(new ListStatistics(after.iterations()), CONFIDENCE);
        }

        /// `faster`, `slower`, or nothing.
        String verdict() {
            return !isChanged() ? "" : ratio() > 1 ? "faster" : "slower";
        }
    }

    private final List<String> names;
    private final List<Map<String, String>> hosts;
    private final List<Pair> pairs = new ArrayList<>();
    private final List<String> onlyOne = new ArrayList<>();

    private Comparison(List<String> names, List<Measured> before, List<Measured> after) {
        this.names = names;
        this.hosts = List.of(before.getFirst().host(), after.getFirst().host());
        Map<String, Measured> left = new LinkedHashMap<>();
        after.forEach(result -> left.put(result.key(), result));
        for (Measured result : before) {
            Measured same = left.remove(result.key());
            if (same == null) {
                onlyOne.add(result.key() + " (only in " + names.getFirst() + ")");
            } else {
                pairs.add(new Pair(result, same));
            }
        }
        left.keySet().forEach(key -> onlyOne.add(key + " (only in " + names.getLast() + ")"));
        pairs.removeIf(pair -> {
            boolean isUnknown = pair.before.iterations().length < 2 || pair.after.iterations().length < 2;
            if (isUnknown) {
                onlyOne.add(pair.before.key() + " (fewer than two iterations, so nothing is known of the noise)");
            }
            return isUnknown;
        });
    }

    /// @throws IOException if one cannot be read, or they have nothing in common
    static Comparison of(Path before, Path after) throws IOException {
        Comparison comparison = new Comparison(List.of(before.toString(), after.toString()), ResultFile.read(before),
                ResultFile.read(after));
        if (comparison.pairs.isEmpty()) {
            throw new IOException(before + " and " + after
                    + " have no case in common; --list shows cases, --threads and --param choose them");
        }
        return comparison;
    }

    private Map<String, List<String>> differences() {
        Map<String, List<String>> differences = new LinkedHashMap<>();
        TreeSet<String> facts = new TreeSet<>(hosts.getFirst().keySet());
        facts.addAll(hosts.getLast().keySet());
        for (String fact : facts) {
            List<String> values = hosts.stream().map(host -> host.getOrDefault(fact, "not recorded")).toList();
            if (!values.getFirst().equals(values.getLast())) {
                differences.put(fact, values);
            }
        }
        return differences;
    }

    private String summary() {
        long faster = pairs.stream().filter(pair -> pair.verdict().equals("faster")).count();
        long slower = pairs.stream().filter(pair -> pair.verdict().equals("slower")).count();
        return String.format(Locale.ROOT,
                "Of %d cases, B is faster in %d and slower in %d; the other %d do not differ beyond the noise.",
                pairs.size(), faster, slower, pairs.size() - faster - slower);
    }

    /// How that was decided.
    private String rule() {
        return String.format(Locale.ROOT,
                "A case counts as changed if the times differ by more than %.0f%%, which two JVMs"
                        + " with the same code may, and by more than the iterations' own spread (Student's test, %.0f%%):"
                        + " about one unchanged case in a hundred passes that by chance. Clocks, heat and neighbours change from one"
                        + " hour to the next: measure both in turn, twice.",
                100 * CHANCE_OF_A_JVM, 100 * CONFIDENCE);
    }

    void print(PrintStream out) {
        out.println("A  " + names.getFirst());
        out.println("B  " + names.getLast());
        differences()
                .forEach((fact, values) -> out.println(fact + ": A " + values.getFirst() + "; B " + values.getLast()));
        out.println();
        out.printf(ROW, "shape", "dtype", "thr", "A", "B", "B speed", "");
        String operation = "";
        for (Pair pair : pairs) {
            Measured before = pair.before;
            if (!before.operation().equals(operation)) {
                operation = before.operation();
                out.println(operation);
            }
            out.printf(ROW, Table.shortened(before.shape(), SHAPE_COLUMNS), before.dtype(),
                    before.threads() == 0 ? "" : Integer.toString(before.threads()), Table.time(before.seconds()),
                    Table.time(pair.after.seconds()), String.format(Locale.ROOT, "%.3f×", pair.ratio()),
                    pair.verdict());
        }
        out.println();
        onlyOne.forEach(key -> out.println("not compared: " + key));
        out.println(summary());
        out.println(rule());
    }

    String html() {
        Html html = Pages.begin("Two benchmark runs compared");
        html.add("<h1>Two runs compared</h1>\n<p>A: %s<br>B: %s</p>\n<p><b>%s</b></p>\n<p class=\"note\">%s</p>\n",
                Html.text(names.getFirst()), Html.text(names.getLast()), Html.text(summary()), Html.text(rule()));
        table(html, "What changed", pairs.stream().filter(Pair::isChanged).toList());
        html.add("<h2>Where they ran</h2>\n");
        Pages.hosts(html, List.of("A", "B"), hosts);
        table(html, "What did not change beyond the noise", pairs.stream().filter(pair -> !pair.isChanged()).toList());
        if (!onlyOne.isEmpty()) {
            html.add("<h2>Not compared</h2>\n<ul>\n");
            onlyOne.forEach(key -> html.add("<li>%s</li>\n", Html.text(key)));
            html.add("</ul>\n");
        }
        return Pages.end(html, hosts.getLast().getOrDefault(Host.PROGRAM, ""));
    }

    private void table(Html html, String title, List<Pair> rows) {
        html.add("<h2>%s</h2>\n", title);
        if (rows.isEmpty()) {
            html.add("<p>Nothing.</p>\n");
            return;
        }
        // What was found comes first: a phone shows no more than that.
        Pages.head(html, List.of("", "B's speed", "shape", "dtype"),
                List.of("threads", "time of A", "±", "time of B", "±"));
        for (Pair pair : rows) {
            Measured before = pair.before;
            html.add("<tr><th>%s</th><td class=\"text %s\">%.2f×%s</td>", before.operation(), pair.verdict(),
                    pair.ratio(), pair.verdict().isEmpty() ? "" : (pair.ratio() > 1 ? " ▲ " : " ▼ ") + pair.verdict());
            html.add("<td class=\"text\">%s</td><td class=\"text\">%s</td><td>%s</td>", Html.text(before.shape()),
                    Html.text(before.dtype()), before.threads() == 0 ? "" : Integer.toString(before.threads()));
            for (Measured result : List.of(before, pair.after)) {
                html.add("<td>%s</td><td>%s%s</td>", Table.time(result.seconds()), Table.percent(result.spread()),
                        result.isWide() ? "!" : "");
            }
            html.add("</tr>\n");
        }
        html.add("</table></div>\n");
    }
}

package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import llams.trainer.wiki.KowikiText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams data kowiki`
@Command(
        name = "kowiki",
        description = {"Wikipedia's articles as text to train on.",
                "DUMP is MediaWiki's pages-articles.xml, or what WikiExtractor made of it (also with --json): files, as"
                        + " they are or packed"
                        + " with bzip2, or directories of them. Written is kowikitext, which 'llams train' reads: each"
                        + " article under a line"
                        + " '= title =', without markup, tables, references and lists of links."},
        footer = {"",
                "Redirects, pages of other namespaces and articles without text are left out and counted. From"
                        + " WikiExtractor, headings are lines of text: it does not mark them.",
                "Templates in sentences become what they show: numbers, units, dates, flags, languages. A sentence with"
                        + " another template"
                        + " is left out and counted by the template's name; boxes, notices and citations just go.",
                "", "Examples:", "  llams data kowiki kowiki-latest-pages-articles.xml.bz2 --out kowiki.txt",
                "  llams data kowiki extracted/ --out kowiki.txt"})
final class KowikiCommand implements Callable<Integer> {
    /// Unknown templates that are named.
    private static final int NAMED = 10;

    @ParentCommand
    DataCommand data;

    @Parameters(paramLabel = "DUMP", arity = "1..*", description = "Files, or directories of files.")
    List<Path> dump;

    @Option(names = "--out", paramLabel = "FILE", required = true, description = "Required: the text, kowikitext.")
    Path out;

    @Option(names = "--json", description = "Print the figures as one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        KowikiText.Counts counts;
        try (ByteProgress progress = new ByteProgress(data.console.err, "reading")) {
            counts = KowikiText.convert(dump, out, progress);
        }
        if (json) {
            ObjectNode report = JsonNodeFactory.instance.objectNode()
                    .put("out", out.toString())
                    .put("articles", counts.articles())
                    .put("redirects", counts.redirects())
                    .put("otherPages", counts.otherPages())
                    .put("empty", counts.empty())
                    .put("bytesRead", counts.bytesRead())
                    .put("bytesWritten", counts.bytesWritten())
                    .put("sentencesLeftOut", counts.sentences());
            ObjectNode templates = report.putObject("unknownTemplates");
            counts.templates().forEach(templates::put);
            data.console.out.println(report);
        } else {
            data.console.out.printf(Locale.ROOT, "%s: %,d articles, %,d bytes of text%n", out, counts.articles(),
                    counts.bytesWritten());
            data.console.out.printf(Locale.ROOT,
                    "left out: %,d redirects, %,d pages of other namespaces, %,d articles without text%n",
                    counts.redirects(), counts.otherPages(), counts.empty());
            if (counts.sentences() > 0) {
                data.console.out.println(unknownTemplates(counts));
            }
        }
        return Console.DONE;
    }

    private static String unknownTemplates(KowikiText.Counts counts) {
        String most = counts.templates()
                .entrySet()
                .stream()
                .limit(NAMED)
                .map(template -> String.format(Locale.ROOT, "%s %,d", template.getKey(), template.getValue()))
                .collect(Collectors.joining(", "));
        int more = counts.templates().size() - NAMED;
        return String.format(Locale.ROOT, "left out: %,d sentences that depend on unknown templates: %s%s",
                counts.sentences(), most,
                more > 0 ? String.format(Locale.ROOT, ", and %,d more names (all with --json)", more) : "");
    }
}

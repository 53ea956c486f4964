package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.trainer.wiki.KowikiText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import tools.jackson.databind.node.JsonNodeFactory;

/// `llams data kowiki`
@Command(
        name = "kowiki",
        description = {
            "Wikipedia's articles as text to train on.",
            "DUMP is MediaWiki's pages-articles.xml, or what WikiExtractor made of it (also with --json): files, as they are or packed"
                    + " with bzip2, or directories of them. Written is kowikitext, which 'llams train' reads: each article under a line"
                    + " '= title =', without markup, tables, references and lists of links."
        },
        footer = {
            "",
            "Redirects, pages of other namespaces and articles without text are left out and counted. From WikiExtractor, headings are"
                    + " lines of text: it does not mark them.",
            "",
            "Examples:",
            "  llams data kowiki kowiki-latest-pages-articles.xml.bz2 --out kowiki.txt",
            "  llams data kowiki extracted/ --out kowiki.txt"
        })
final class KowikiCommand implements Callable<Integer> {
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
        try (ByteProgress progress = new ByteProgress(data.llams.err, "reading")) {
            counts = KowikiText.convert(dump, out, progress);
        }
        if (json) {
            data.llams.out.println(JsonNodeFactory.instance.objectNode()
                    .put("out", out.toString())
                    .put("articles", counts.articles())
                    .put("redirects", counts.redirects())
                    .put("otherPages", counts.otherPages())
                    .put("empty", counts.empty())
                    .put("bytesRead", counts.bytesRead())
                    .put("bytesWritten", counts.bytesWritten()));
        } else {
            data.llams.out.printf(Locale.ROOT, "%s: %,d articles, %,d bytes of text%n", out, counts.articles(), counts.bytesWritten());
            data.llams.out.printf(Locale.ROOT, "left out: %,d redirects, %,d pages of other namespaces, %,d articles without text%n",
                    counts.redirects(), counts.otherPages(), counts.empty());
        }
        return Main.DONE;
    }
}

package llams.cli;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import llams.trainer.wiki.KowikiText;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams data kowiki`
@Command(
        name = "kowiki",
        description = {"Turn a Wikipedia dump into text to train on.",
                "DUMP is MediaWiki's pages-articles.xml or WikiExtractor's output (also with --json): files,"
                        + " plain or compressed with bzip2, or directories of them. The result is kowikitext, which"
                        + " 'llams train' reads: each article under a line '= title =', without markup, tables,"
                        + " references and link lists."},
        footer = {"",
                "Redirects, pages in other namespaces and articles without text are left out and counted."
                        + " WikiExtractor does not mark headings, so they remain as lines of text.",
                "Templates within sentences are expanded: numbers, units, dates, flags, languages. A"
                        + " sentence with any other template is left out and counted under the template's name; boxes,"
                        + " notices and citations are removed.",
                "", "Examples:", "  llams data kowiki kowiki-latest-pages-articles.xml.bz2 --out kowiki.txt",
                "  llams data kowiki extracted/ --out kowiki.txt"})
final class KowikiCommand implements Callable<Integer> {
    @ParentCommand
    DataCommand data;

    @Parameters(paramLabel = "DUMP", arity = "1..*", description = "Files, or directories of files.")
    List<Path> dump;

    @Option(
            names = "--out",
            paramLabel = "FILE",
            required = true,
            description = "Required: the kowikitext file to write.")
    Path out;

    @Option(names = "--json", description = "Print the figures as one JSON object.")
    boolean json;

    @Spec
    CommandSpec spec;

    @Option(names = "--spark", paramLabel = "MASTER", hidden = true)
    void spark(String master) {
        throw new ParameterException(spec.commandLine(),
                "on Spark the same is a jar of its own: spark-submit --master " + Shell.quoted(master)
                        + " llams-spark.jar DUMP --out DIR; docs/distributed/SPARK.md says how it is made");
    }

    @Override
    public Integer call() throws IOException {
        KowikiText.Counts counts;
        try (ByteMeter progress = new ByteMeter(data.console.err, "reading")) {
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
            data.console.out.println(counts.summary(out.toString(), " (all with --json)"));
        }
        return Console.DONE;
    }
}

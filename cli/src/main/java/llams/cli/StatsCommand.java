package llams.cli;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.trainer.data.Corpus;
import llams.trainer.data.DataStatistics;
import llams.trainer.data.DocumentLengths;
import llams.trainer.data.PackedDataset;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams data stats`
@Command(
        name = "stats",
        description = {"Show how long documents are and how they would fill sequences of various lengths.",
                "Takes the same files as 'llams train'. When packing, plain text continues in the next"
                        + " sequence; a conversation longer than a sequence loses its end."},
        footer = {"", "Example:", "  llams data stats chats.jsonl --tokenizer model"})
final class StatsCommand implements Callable<Integer> {
    private static final int BAR = 40;

    @ParentCommand
    DataCommand parent;

    @Spec
    CommandSpec spec;

    @Mixin
    DocumentFiles data;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            split = ",",
            defaultValue = "512,1024,2048,4096,8192",
            description = "Sequence lengths to try (default: ${DEFAULT-VALUE}).")
    List<Integer> tokens;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        for (int length : tokens) {
            if (length < 2) {
                throw new ParameterException(spec.commandLine(), "--tokens must be at least 2, not " + length);
            }
        }
        Corpus corpus = data.load(data.text(), parent.console.err);
        List<DataStatistics> tried = new ArrayList<>();
        for (int length : tokens) {
            tried.add(new PackedDataset(corpus.documents(), length, data.pack()).statistics());
        }
        DocumentLengths lengths = new DocumentLengths(corpus.documents());
        if (json) {
            parent.console.out.println(report(corpus, lengths, tried));
        } else {
            print(corpus, lengths, tried);
            parent.console.out.flush();
            DataOptions.note(corpus, parent.console.err);
        }
        return Console.DONE;
    }

    private void print(Corpus corpus, DocumentLengths lengths, List<DataStatistics> tried) {
        long all = tried.getFirst().tokens();
        line("documents  %,d (%,d conversations); %,d empty ones left out", corpus.documents().size(),
                corpus.conversations(), corpus.empty());
        line("tokens     %,d; half of the documents have at most %,d, nine in ten at most %,d, the longest %,d", all,
                lengths.quantile(0.5), lengths.quantile(0.9), lengths.quantile(1));
        if (corpus.textBytes() > 0) {
            line("bytes      %,d of text, %.2f per token", corpus.textBytes(), (double) corpus.textBytes() / all);
        }
        line("%n%17s %11s", "tokens", "documents");
        List<DocumentLengths.Bucket> histogram = lengths.histogram();
        int most = histogram.stream().mapToInt(DocumentLengths.Bucket::documents).max().orElse(1);
        for (DocumentLengths.Bucket bucket : histogram) {
            line("%8d-%8d %,11d %6.1f%%  %s", bucket.from(), bucket.to(), bucket.documents(),
                    100.0 * bucket.documents() / corpus.documents().size(),
                    "#".repeat((int) ((long) BAR * bucket.documents() / most)));
        }
        line("%n%8s %11s %6s %13s %11s %13s %8s", "--tokens", "sequences", "full", "counted", "truncated",
                "tokens lost", "of all");
        for (int i = 0; i < tried.size(); i++) {
            DataStatistics s = tried.get(i);
            long lost = s.truncatedTokens() + s.droppedTokens();
            line("%8d %,11d %5.1f%% %,13d %,11d %,13d %7.2f%%", tokens.get(i), s.sequences(),
                    100.0 * s.packedTokens() / ((double) s.sequences() * tokens.get(i)), s.countedTokens(),
                    s.truncated() + s.dropped(), lost, 100.0 * lost / all);
        }
    }

    private void line(String format, Object... values) {
        parent.console.out.println(String.format(Locale.ROOT, format, values));
    }

    private ObjectNode report(Corpus corpus, DocumentLengths lengths, List<DataStatistics> tried) {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        report.put("documents", corpus.documents().size())
                .put("conversations", corpus.conversations())
                .put("empty", corpus.empty())
                .put("tokens", tried.getFirst().tokens())
                .put("textBytes", corpus.textBytes())
                .put("median", lengths.quantile(0.5))
                .put("longest", lengths.quantile(1));
        ArrayNode histogram = report.putArray("histogram");
        for (DocumentLengths.Bucket bucket : lengths.histogram()) {
            histogram.addObject()
                    .put("from", bucket.from())
                    .put("to", bucket.to())
                    .put("documents", bucket.documents())
                    .put("tokens", bucket.tokens());
        }
        ArrayNode sequences = report.putArray("sequences");
        for (int i = 0; i < tried.size(); i++) {
            DataStatistics s = tried.get(i);
            sequences.addObject()
                    .put("tokens", tokens.get(i))
                    .put("sequences", s.sequences())
                    .put("packedTokens", s.packedTokens())
                    .put("countedTokens", s.countedTokens())
                    .put("truncated", s.truncated())
                    .put("truncatedTokens", s.truncatedTokens())
                    .put("dropped", s.dropped())
                    .put("droppedTokens", s.droppedTokens());
        }
        corpus.notes().forEach(report.putArray("notes")::add);
        return report;
    }
}

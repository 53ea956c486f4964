package llams.cli;

import java.io.IOException;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.model.chat.ModelText;
import llams.tokenizer.Tokenizer;
import llams.trainer.data.Corpus;
import llams.trainer.data.Document;
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

/// `llams data show`
@Command(
        name = "show",
        description = {"Show the first documents as the model sees them: their tokens, and which ones are trained on.",
                "Tokens are separated by spaces; a space within a token is shown as '·', a line end as"
                        + " '\\n'. Tokens that are trained on are green, or between '⟦' and '⟧' without colours. Lines"
                        + " of '=' mark where packed sequences begin."},
        footer = {"", "Examples:", "  llams data show chats.jsonl --tokenizer model",
                "  llams data show book.txt --tokenizer model --tokens 64 -n 1"})
final class ShowCommand implements Callable<Integer> {
    enum Color {
        auto, always, never
    }

    private static final String TRAINED = "\u001b[32m";
    private static final String PLAIN = "\u001b[0m";

    @ParentCommand
    DataCommand parent;

    @Spec
    CommandSpec spec;

    @Mixin
    DocumentFiles data;

    @Option(
            names = "-n",
            paramLabel = "N",
            defaultValue = "3",
            description = "Number of documents to show (default: ${DEFAULT-VALUE}).")
    int count;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            defaultValue = "2048",
            description = "Tokens per sequence; at most two sequences' worth of each document is shown (default:"
                    + " ${DEFAULT-VALUE}).")
    int tokens;

    @Option(
            names = "--color",
            paramLabel = "WHEN",
            defaultValue = "auto",
            description = "auto (on a terminal), always or never (default: ${DEFAULT-VALUE}).")
    Color color;

    @Option(names = "--json", description = "Print one JSON object.")
    boolean json;

    private Tokenizer known;

    @Override
    public Integer call() throws IOException {
        usage(count >= 1, "-n must be at least 1, not " + count);
        usage(tokens >= 2, "--tokens must be at least 2, not " + tokens);
        ModelText text = data.text();
        known = text == null ? null : text.tokenizer();
        Corpus corpus = data.first(text, count, parent.console.err);
        List<Document> documents = corpus.documents();
        boolean trains = documents.stream().anyMatch(this::trains);
        List<PackedDataset.Piece> pieces = trains
                ? new PackedDataset(documents, tokens, data.pack()).pieces()
                : List.of();
        if (json) {
            parent.console.out.println(report(corpus, pieces));
            return Console.DONE;
        }
        boolean colors = color == Color.always || color == Color.auto && Terminal.isOutput() && Terminal.hasColours();
        for (int d = 0; d < documents.size(); d++) {
            show(documents.get(d), d, pieces, colors);
        }
        parent.console.out.flush();
        DataOptions.note(corpus, parent.console.err);
        return Console.DONE;
    }

    /// Whether anything is left to train once the document is in its sequences.
    private boolean trains(Document document) {
        int length = document.ids().length;
        return document.counted(data.pack() && document.cut() ? length : Math.min(length, tokens)) > 0;
    }

    private void usage(boolean holds, String wanted) {
        if (!holds) {
            throw new ParameterException(spec.commandLine(), wanted);
        }
    }

    private void show(Document document, int number, List<PackedDataset.Piece> pieces, boolean colors) {
        int length = document.ids().length;
        line("%s: %,d tokens, %,d trained", document.origin(), length, document.counted(length));
        int shown = 0;
        boolean placed = false;
        for (PackedDataset.Piece piece : pieces) {
            if (piece.document() == number) {
                placed = true;
                if (piece.first()) {
                    line("===== sequence %d, of at most %,d tokens =====", piece.sequence() + 1, tokens);
                }
                if (shown < 2L * tokens) {
                    VisibleStream.bare(parent.console.out)
                            .print(text(document, piece.from(), piece.from() + piece.length(), colors));
                    shown = piece.from() + piece.length();
                }
            }
        }
        if (!placed) {
            int end = (int) Math.min(length, 2L * tokens);
            VisibleStream.bare(parent.console.out).print(text(document, 0, end, colors));
            line(document.counted(length) == 0
                    ? "(left out: nothing in it is trained on)"
                    : "(left out: nothing in its first %,d tokens is trained on)", tokens);
        } else if (shown < length) {
            line(document.cut() && data.pack() ? "(%,d more tokens)" : "(%,d more tokens, which are cut off)",
                    length - shown);
        }
        line("");
    }

    /// Tokens `from` to `to`, a line for every line of the text; no control character but those of the colours.
    private String text(Document document, int from, int to, boolean colors) {
        StringBuilder text = new StringBuilder();
        String gap = "";
        boolean on = false;
        for (int i = from; i < to; i++) {
            boolean trained = trained(document, i);
            if (on && !trained) {
                text.append(colors ? PLAIN : "⟧");
            }
            text.append(gap);
            if (!on && trained) {
                text.append(colors ? TRAINED : "⟦");
            }
            on = trained;
            String token = token(document.ids()[i]);
            text.append(token);
            gap = token.endsWith("\\n") ? "\n" : " ";
        }
        return text.append(!on ? "" : colors ? PLAIN : "⟧").append('\n').toString();
    }

    private static boolean trained(Document document, int token) {
        return token > 0 && document.labels()[token] != Document.IGNORED;
    }

    private String token(int id) {
        return known == null ? Integer.toString(id) : VisibleText.of(known.bytes(id));
    }

    private ObjectNode report(Corpus corpus, List<PackedDataset.Piece> pieces) {
        ObjectNode report = JsonNodeFactory.instance.objectNode();
        ArrayNode documents = report.putArray("documents");
        for (int d = 0; d < corpus.documents().size(); d++) {
            Document document = corpus.documents().get(d);
            ObjectNode one = documents.addObject().put("origin", document.origin());
            ArrayNode ids = one.putArray("ids");
            ArrayNode texts = one.putArray("tokens");
            ArrayNode trained = one.putArray("trained");
            for (int i = 0; i < document.ids().length; i++) {
                int id = document.ids()[i];
                ids.add(id);
                texts.add(known == null ? Integer.toString(id) : known.decode(id));
                trained.add(trained(document, i));
            }
            ArrayNode placed = one.putArray("pieces");
            for (PackedDataset.Piece piece : pieces) {
                if (piece.document() == d) {
                    placed.addObject()
                            .put("sequence", piece.sequence())
                            .put("from", piece.from())
                            .put("tokens", piece.length());
                }
            }
        }
        corpus.notes().forEach(report.putArray("notes")::add);
        return report;
    }

    private void line(String format, Object... values) {
        parent.console.out.println(String.format(Locale.ROOT, format, values));
    }
}

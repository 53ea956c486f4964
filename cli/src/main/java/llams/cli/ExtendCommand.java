package llams.cli;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import llams.model.extend.ExtendedModel;
import llams.model.extend.RowWeights;
import llams.model.extend.TextDensity;
import llams.model.files.OutputDirectory;
import llams.tokenizer.BpeTrainer;
import llams.tokenizer.Tokenizer;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/// `llams extend`: a model with more tokens.
@Command(
        name = "extend",
        description = {"Give a model more tokens, for a language that it spells out.",
                "Byte-pair training goes on from the model's own vocabulary on your text, or the tokens of another"
                        + " vocabulary are taken over. All ids stay as they are, special tokens included; new ones"
                        + " follow. The new rows of embedding and head are means of the rows of the tokens that"
                        + " stood for the text before; then train them."},
        footer = {"",
                "The tokenizer is written as tokenizer.json only: tiktoken's format cannot place tokens behind special"
                        + " ones.",
                "", "Examples:", "  llams extend -m model --text korean.txt --tokens 8000 --out model-ko",
                "  llams extend -m model --tokenizer other/tokenizer.json --out model-ko",
                "  llams train -m model-ko --data korean.txt --method new-tokens --out rows"})
final class ExtendCommand implements Callable<Integer> {
    private static final int MOST_TOKENS = 500_000;

    @ParentCommand
    Console console;

    @Spec
    CommandSpec spec;

    @Option(
            names = {"-m", "--model"},
            paramLabel = "DIR",
            required = true,
            description = "Required: the model's directory.")
    Path model;

    @Option(
            names = "--text",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Text files in UTF-8 to learn the new tokens from.")
    List<Path> texts;

    @Option(
            names = "--tokenizer",
            paramLabel = "DIR_OR_FILE",
            description = "Instead: a vocabulary to take the new tokens from, in the order of its ids. Tokens that the"
                    + " merges do not lead to are left out.")
    Path tokenizer;

    @Option(
            names = "--tokens",
            paramLabel = "N",
            description = "How many tokens to add (with --tokenizer by default all).")
    Integer tokens;

    @Option(
            names = "--out",
            paramLabel = "DIR",
            required = true,
            description = "Required: a new directory for the result.")
    Path out;

    @Option(
            names = "--eval-text",
            paramLabel = "FILE",
            arity = "1..*",
            description = "Text to count tokens per character on, before and after (default: that of --text).")
    List<Path> evalTexts;

    @Option(
            names = "--pad-to-multiple-of",
            paramLabel = "N",
            defaultValue = "1",
            description = "Make the rows of embedding and head a multiple of N, for speed on graphics cards; 64 is"
                    + " usual (default: ${DEFAULT-VALUE}).")
    int multiple;

    @Option(names = "--threads", paramLabel = "N", description = "Processor cores to use (default: all).")
    Integer threads;

    @Option(names = "--json", description = "Print the figures as one JSON object.")
    boolean json;

    @Override
    public Integer call() throws IOException {
        check();
        OutputDirectory.check(out);
        Tokenizer base = ExtendedModel.check(model);
        if (evalTexts != null) {
            VocabularyFiles.bytes(evalTexts);
        }
        Tokenizer extended = tokenizer == null ? trained(base) : takenOver(base);
        int made = extended.size() - base.size();
        if (made == 0) {
            throw new IOException("there is no token to add: " + (tokenizer == null
                    ? "no pair of tokens occurs twice in the text"
                    : "the model has all tokens of " + tokenizer + " that its merges lead to"));
        }
        ExtendedModel.Report report;
        try (ByteMeter progress = new ByteMeter(console.err, "writing")) {
            report = ExtendedModel.write(model, extended, RowWeights.STANDARD, multiple, out, progress);
        }
        List<Path> measured = evalTexts != null ? evalTexts : texts;
        // As everyone will read it.
        Tokenizer written = Tokenizer.load(out);
        print(report, measured == null ? null : density(base, measured),
                measured == null ? null : density(written, measured));
        return Console.DONE;
    }

    private void check() {
        if (texts == null == (tokenizer == null)) {
            throw new ParameterException(spec.commandLine(),
                    "give either --text, to learn new tokens from, or --tokenizer, to take them from");
        }
        if (texts != null && tokens == null) {
            throw new ParameterException(spec.commandLine(),
                    "--tokens is missing: how many new tokens? Some 4000 to 16000 suit one more language");
        }
        if (tokens != null && (tokens < 1 || tokens > MOST_TOKENS)) {
            throw new ParameterException(spec.commandLine(),
                    "--tokens " + tokens + " must be from 1 to " + MOST_TOKENS);
        }
        if (multiple < 1 || threads != null && threads < 1) {
            throw new ParameterException(spec.commandLine(), "--pad-to-multiple-of and --threads must be at least 1");
        }
    }

    private Tokenizer trained(Tokenizer base) throws IOException {
        long bytes = VocabularyFiles.bytes(texts);
        BpeTrainer trainer = new BpeTrainer(base.pattern(),
                threads == null ? Runtime.getRuntime().availableProcessors() : threads);
        VocabularyFiles.count(texts, bytes, trainer, console);
        Tokenizer extended;
        try (ProgressMeter progress = new ProgressMeter(console.err, "merging", "tokens", tokens)) {
            extended = trainer.extend(base, tokens, made -> progress.step(1));
        }
        VocabularyFiles.noteForgotten(trainer, console);
        if (extended.size() - base.size() < tokens) {
            console.note("only " + (extended.size() - base.size())
                    + " tokens: no pair occurs twice any more; a larger vocabulary needs more text");
        }
        return extended;
    }

    private Tokenizer takenOver(Tokenizer base) throws IOException {
        return base.withTokensOf(Tokenizer.load(tokenizer), tokens == null ? Integer.MAX_VALUE : tokens);
    }

    private static TextDensity density(Tokenizer tokenizer, List<Path> texts) throws IOException {
        TextDensity sum = TextDensity.EMPTY;
        for (Path text : texts) {
            try (Reader reader = new InputStreamReader(Files.newInputStream(text), StandardCharsets.UTF_8)) {
                sum = sum.plus(TextDensity.of(tokenizer, reader));
            }
        }
        return sum;
    }

    private void print(ExtendedModel.Report report, TextDensity before, TextDensity after) {
        if (json) {
            ObjectNode object = JsonNodeFactory.instance.objectNode();
            object.put("out", out.toString())
                    .put("tokens", report.tokens())
                    .put("vocabulary", report.vocabulary())
                    .put("vocabularyBefore", report.before())
                    .put("padding", report.padding())
                    .put("bytes", report.bytes());
            if (after != null) {
                put(object.putObject("textBefore"), before);
                put(object.putObject("text"), after);
            }
            report.files().forEach(object.putArray("files")::add);
            report.notes().forEach(object.putArray("notes")::add);
            console.out.println(object);
            return;
        }
        console.out.printf(Locale.ROOT, "%s: %,d new tokens, vocab_size %,d instead of %,d%s, %s%n", out,
                report.tokens(), report.vocabulary(), report.before(),
                report.padding() == 0 ? "" : " (" + report.padding() + " rows without a token)",
                MachineMemory.text(report.bytes()));
        if (after != null) {
            console.out.printf(Locale.ROOT, "tokens per character: %.3f instead of %.3f (%.0f%%)%n",
                    after.perCharacter(), before.perCharacter(), 100 * after.perCharacter() / before.perCharacter());
            if (after.hangul() > 0) {
                console.out.printf(Locale.ROOT, "tokens per Korean letter: %.3f instead of %.3f (%.0f%%)%n",
                        after.perHangul(), before.perHangul(), 100 * after.perHangul() / before.perHangul());
            }
            if (evalTexts == null) {
                console.out
                        .println("counted on the text that the tokens were learned from; --eval-text counts on other");
            }
        }
        if (!report.files().isEmpty()) {
            console.out.println("also copied: " + String.join(", ", report.files()));
        }
        report.notes().forEach(note -> console.out.println("note: " + note));
    }

    private static void put(ObjectNode object, TextDensity density) {
        object.put("characters", density.characters())
                .put("tokens", density.tokens())
                .put("tokensPerCharacter", density.perCharacter());
        if (density.hangul() > 0) {
            object.put("hangul", density.hangul())
                    .put("hangulTokens", density.hangulTokens())
                    .put("tokensPerHangul", density.perHangul());
        }
    }
}

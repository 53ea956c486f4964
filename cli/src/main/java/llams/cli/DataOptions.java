package llams.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import llams.model.chat.ModelText;
import llams.model.chat.TrainOn;
import llams.model.files.SettingException;
import llams.trainer.data.Columns;
import llams.trainer.data.Corpus;
import llams.trainer.data.DataFiles;
import llams.trainer.data.DataSource;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.Reading;
import llams.trainer.data.RowForm;
import llams.trainer.data.SpecialText;
import llams.trainer.data.TokenCache;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/// How data files are read, for every command that takes them; docs/DATA.md describes their forms.
final class DataOptions {
    @Spec(Spec.Target.MIXEE)
    CommandSpec spec;

    @Option(
            names = "--special",
            paramLabel = "HOW",
            completionCandidates = CompletionValues.Specials.class,
            defaultValue = "text",
            description = "How to read the name of a special token in the data: text, parse (the token) or error (default:"
                    + " ${DEFAULT-VALUE}).")
    SpecialText special;

    @Option(
            names = "--train-on",
            paramLabel = "WHAT",
            completionCandidates = CompletionValues.TrainOns.class,
            defaultValue = "assistant",
            description = "What to train on in conversations: assistant (the answers), last (the last answer), header"
                    + " (answers with their headers) or all (default: ${DEFAULT-VALUE}).")
    TrainOn trainOn;

    @Option(
            names = "--max-bad-rows",
            paramLabel = "N",
            description = "Skip up to N rows of a file that cannot be used (default: 10, or one row in 100).")
    Integer maxBadRows;

    @Option(
            names = "--columns",
            paramLabel = "KEY=COLUMN",
            split = ",",
            description = "What the data calls the keys of its rows, such as prompt=question,response=answer.")
    List<String> columns = List.of();

    @Option(
            names = "--cache",
            paramLabel = "DIR",
            description = "Keep the tokens of all data files in this directory; none: in memory (default: those of files"
                    + " of 32 MB and more, in LLAMS_CACHE or ~/.cache/llams).")
    String cache;

    /// Turns the data into ids.
    ///
    /// @param text null if there is no tokenizer
    DocumentEncoder encoder(ModelText text, int vocab) {
        return DocumentEncoder.of(text, vocab, special, trainOn);
    }

    /// @param err for progress
    Corpus load(List<Path> files, DocumentEncoder encoder, PrintStream err) throws IOException {
        return load(files, RowForm.SAMPLE, encoder, err);
    }

    Corpus load(List<Path> files, RowForm form, DocumentEncoder encoder, PrintStream err) throws IOException {
        try (ReadingMeter meter = new ReadingMeter(err)) {
            return worded(Corpus.load(sources(files), reading(form, encoder, meter)));
        }
    }

    /// The first `documents` documents of the files.
    Corpus first(List<Path> files, RowForm form, DocumentEncoder encoder, int documents, PrintStream err)
            throws IOException {
        try (ReadingMeter meter = new ReadingMeter(err)) {
            return worded(Corpus.first(sources(files), reading(form, encoder, meter), documents));
        }
    }

    private Reading reading(RowForm form, DocumentEncoder encoder, ReadingMeter meter) {
        check();
        try {
            return new Reading(encoder, form, Columns.of(columns), maxBadRows, cache(), meter);
        } catch (SettingException e) {
            throw wrong(e);
        }
    }

    private static List<DataSource> sources(List<Path> files) {
        return files.stream().map(DataSource::of).toList();
    }

    private ParameterException wrong(SettingException e) {
        return new ParameterException(spec.commandLine(), SettingNames.asOptions(e.getMessage()));
    }

    /// With options in the notes.
    private static Corpus worded(Corpus corpus) {
        return new Corpus(corpus.documents(), corpus.textBytes(), corpus.conversations(), corpus.empty(),
                corpus.notes().stream().map(SettingNames::asOptions).toList(), corpus.parts());
    }

    private TokenCache cache() {
        return switch (cache) {
            case null -> TokenCache.standard();
            case "none" -> null;
            default -> TokenCache.in(Path.of(cache));
        };
    }

    /// The files of a run, read by these options.
    ///
    /// @param weights of the training files; empty for none
    DataFiles files(List<Path> training, List<Double> weights, List<Path> heldOut) {
        check();
        try {
            return new DataFiles(sources(training), weights, sources(heldOut), Columns.of(columns), special, trainOn,
                    maxBadRows, cache());
        } catch (SettingException e) {
            throw wrong(e);
        }
    }

    private void check() {
        if (maxBadRows != null && maxBadRows < 0) {
            throw new ParameterException(spec.commandLine(), "--max-bad-rows must be 0 or more, not " + maxBadRows);
        }
    }

    static void note(Corpus corpus, PrintStream err) {
        corpus.notes().forEach(note -> err.println("note: " + note));
    }
}

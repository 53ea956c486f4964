package llams.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.List;
import llams.model.chat.ChatTemplate;
import llams.model.chat.ModelText;
import llams.trainer.data.Corpus;
import llams.trainer.data.DocumentEncoder;
import llams.trainer.data.RowForm;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/// Data files to look at without a model.
final class DocumentFiles {
    @Parameters(paramLabel = "FILE", arity = "1..*", description = "Training data; - is standard input.")
    List<Path> files;

    @Option(names = "--tokenizer", paramLabel = "DIR_OR_FILE", description = "The tokenizer; files of ids need none.")
    Path tokenizer;

    @Option(names = "--pairs", description = "The files hold pairs of answers, as for 'llams train --method dpo'.")
    boolean arePairs;

    @Mixin
    private PackOption packing;

    @Mixin
    DataOptions reading;

    /// Null if no tokenizer is named.
    ModelText text() throws IOException {
        return tokenizer == null ? null : ModelText.of(tokenizer, ChatTemplate.TRAINING);
    }

    /// Whether documents share sequences. The two of a pair have one for themselves, in which each may fill it.
    boolean pack() {
        return packing.pack && !arePairs;
    }

    private RowForm form() {
        return arePairs ? RowForm.PAIR : RowForm.SAMPLE;
    }

    Corpus load(ModelText known, PrintStream err) throws IOException {
        return reading.load(files, form(), encoder(known), err);
    }

    /// @param limit documents to keep
    Corpus first(ModelText known, int limit, PrintStream err) throws IOException {
        return reading.first(files, form(), encoder(known), limit, err);
    }

    private DocumentEncoder encoder(ModelText known) {
        return reading.encoder(known, known == null ? Integer.MAX_VALUE : known.tokenizer().size());
    }
}

package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.model.chat.TrainOn;
import llams.model.files.DataException;

/// The files that a run reads, and how.
///
/// @param training   in any form that [SampleReader] knows; `-` is standard input
/// @param heldOut    measured, not trained on; may be empty
/// @param special    what a special token's name in a text is
/// @param trainOn    what counts of a conversation
/// @param maxBadRows unusable rows of a file that are skipped and noted; null for 10, or one row in 100 if that is more
/// @param cache      where the tokens of large files stay; null to have all in memory
public record DataFiles(List<Path> training, List<Path> heldOut, SpecialText special, TrainOn trainOn,
        Integer maxBadRows, TokenCache cache) {
    public static DataFiles standard(List<Path> training) {
        return new DataFiles(training, List.of(), SpecialText.TEXT, TrainOn.ASSISTANT, null, TokenCache.standard());
    }

    public DataFiles withHeldOut(List<Path> files) {
        return new DataFiles(training, files, special, trainOn, maxBadRows, cache);
    }

    public DataFiles withSpecial(SpecialText names) {
        return new DataFiles(training, heldOut, names, trainOn, maxBadRows, cache);
    }

    public DataFiles withTrainOn(TrainOn rule) {
        return new DataFiles(training, heldOut, special, rule, maxBadRows, cache);
    }

    public DataFiles withMaxBadRows(int rows) {
        return new DataFiles(training, heldOut, special, trainOn, rows, cache);
    }

    /// @param place null to have all tokens in memory
    public DataFiles withCache(TokenCache place) {
        return new DataFiles(training, heldOut, special, trainOn, maxBadRows, place);
    }

    /// Reads some of the files.
    ///
    /// @throws DataException if a file cannot be used
    public Corpus load(List<Path> files, DocumentEncoder encoder) throws IOException {
        return Corpus.load(files, encoder, maxBadRows, cache);
    }
}

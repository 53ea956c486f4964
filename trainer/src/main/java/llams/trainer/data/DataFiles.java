package llams.trainer.data;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import llams.model.chat.TrainOn;
import llams.model.files.DataException;
import llams.model.files.SettingException;
import llams.model.files.Sha256;

/// The files that a run reads, and how.
///
/// @param training   in any form that [SampleReader] knows
/// @param weights    of `training`, one for each: its share of an epoch, see [MixedSequences]; empty for all of
///                   everything in each epoch
/// @param heldOut    measured, not trained on; may be empty
/// @param columns    what the files call the keys of their rows
/// @param special    what a special token's name in a text is
/// @param trainOn    what counts of a conversation
/// @param maxBadRows unusable rows of a file that are skipped and noted; null for 10, or one row in 100 if that is more
/// @param cache      where the tokens of large files stay; null to have all in memory
public record DataFiles(List<DataSource> training, List<Double> weights, List<DataSource> heldOut, Columns columns,
        SpecialText special, TrainOn trainOn, Integer maxBadRows, TokenCache cache) {
    /// @throws SettingException if there are weights for some of the files, or one is not above 0
    public DataFiles {
        SettingException.check(weights.isEmpty() || weights.size() == training.size(), "dataWeights", weights,
                "one for each of the " + training.size() + " files");
        for (double weight : weights) {
            SettingException.check(weight > 0 && Double.isFinite(weight), "dataWeights", weight, "above 0");
        }
    }

    /// @param training files, or slices of files as [DataSource#of] has them
    public static DataFiles standard(List<Path> training) {
        return new DataFiles(sources(training), List.of(), List.of(), Columns.NONE, SpecialText.TEXT, TrainOn.ASSISTANT,
                null, TokenCache.standard());
    }

    private static List<DataSource> sources(List<Path> paths) {
        return paths.stream().map(DataSource::of).toList();
    }

    public DataFiles withWeights(List<Double> shares) {
        return new DataFiles(training, shares, heldOut, columns, special, trainOn, maxBadRows, cache);
    }

    public DataFiles withHeldOut(List<Path> files) {
        return new DataFiles(training, weights, sources(files), columns, special, trainOn, maxBadRows, cache);
    }

    public DataFiles withColumns(Columns names) {
        return new DataFiles(training, weights, heldOut, names, special, trainOn, maxBadRows, cache);
    }

    public DataFiles withSpecial(SpecialText names) {
        return new DataFiles(training, weights, heldOut, columns, names, trainOn, maxBadRows, cache);
    }

    public DataFiles withTrainOn(TrainOn rule) {
        return new DataFiles(training, weights, heldOut, columns, special, rule, maxBadRows, cache);
    }

    public DataFiles withMaxBadRows(int rows) {
        return new DataFiles(training, weights, heldOut, columns, special, trainOn, rows, cache);
    }

    /// @param place null to have all tokens in memory
    public DataFiles withCache(TokenCache place) {
        return new DataFiles(training, weights, heldOut, columns, special, trainOn, maxBadRows, place);
    }

    /// Reads some of the files.
    ///
    /// @throws DataException if a file cannot be used
    public Corpus load(List<DataSource> sources, DocumentEncoder encoder, RowForm form, ReadingListener listener)
            throws IOException {
        return Corpus.load(sources, new Reading(encoder, form, columns, maxBadRows, cache, listener));
    }

    /// The SHA-256 of a file, which is not read through for it if it is large and was read before as it is now.
    public String hash(Path file) throws IOException {
        return cache == null ? Sha256.ofFile(file) : cache.hash(file);
    }
}

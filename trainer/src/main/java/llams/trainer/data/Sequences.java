package llams.trainer.data;

import java.util.List;
import java.util.stream.IntStream;

/// What a run trains on or measures: sequences that are built when they are asked for.
public interface Sequences {
    DataStatistics statistics();

    /// How many sequences there are.
    int size();

    /// The sequences that an epoch trains on, before they are shuffled: all of them.
    ///
    /// @param epoch from 0
    default int[] ofEpoch(long seed, int epoch) {
        return IntStream.range(0, size()).toArray();
    }

    /// Tokens of sequence `index`, 0 to [#size()] - 1.
    int tokens(int index);

    /// Sequence `index`, 0 to [#size()] - 1.
    PackedSequence sequence(int index);

    /// Where each document in sequence `index` comes from, as its `file:line`; several may come from one row.
    List<String> origins(int index);

    /// A fingerprint of data and layout, 64 bits over every sequence, from which a resumed run sees that they are the
    /// same.
    long fingerprint();
}

package llams.trainer.data;

import java.util.List;

/// What a run trains on or measures: sequences that are built when they are asked for.
public interface Sequences {
    DataStatistics statistics();

    /// How many sequences there are.
    int size();

    /// Tokens of sequence `index`, 0 to [#size()] - 1.
    int tokens(int index);

    /// Sequence `index`, 0 to [#size()] - 1.
    PackedSequence sequence(int index);

    /// What sequence `index` was made of, each as its `file:line`.
    List<String> origins(int index);

    /// A fingerprint of data and layout, 64 bits over every sequence, from which a resumed run sees that they are the
    /// same.
    long fingerprint();
}

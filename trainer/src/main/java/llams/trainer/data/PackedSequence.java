package llams.trainer.data;

import java.util.List;

/// One row of a batch: documents one after the other, without padding.
///
/// @param ids           `[tokens]`
/// @param position      `[tokens]`, counted from the start of each token's document
/// @param documentStart `[tokens]`, the index in this sequence at which each token's document starts: attention lets t
///                      see `documentStart[t]` to t
/// @param label         `[tokens]`, already shifted: the id that t has to predict, or -100; the last token of a
///                      document predicts nothing
/// @param teacher       what a teacher says of each token; null if there is none
public record PackedSequence(int[] ids, int[] position, int[] documentStart, int[] label, TeacherTokens teacher) {
    public PackedSequence(int[] ids, int[] position, int[] documentStart, int[] label) {
        this(ids, position, documentStart, label, null);
    }

    PackedSequence with(TeacherTokens said) {
        return new PackedSequence(ids, position, documentStart, label, said);
    }

    /// One whose arrays are to be filled.
    static PackedSequence empty(int tokens) {
        return new PackedSequence(new int[tokens], new int[tokens], new int[tokens], new int[tokens]);
    }

    /// How many of the labels count.
    public int counted() {
        int counted = 0;
        for (int id : label) {
            if (id != Document.IGNORED) {
                counted++;
            }
        }
        return counted;
    }

    /// Several sequences as one flat list of tokens, a micro-batch.
    public static PackedSequence concat(List<PackedSequence> sequences) {
        int tokens = 0;
        for (PackedSequence sequence : sequences) {
            tokens += sequence.ids.length;
        }
        PackedSequence all = empty(tokens);
        int at = 0;
        for (PackedSequence sequence : sequences) {
            int length = sequence.ids.length;
            System.arraycopy(sequence.ids, 0, all.ids, at, length);
            System.arraycopy(sequence.position, 0, all.position, at, length);
            System.arraycopy(sequence.label, 0, all.label, at, length);
            for (int t = 0; t < length; t++) {
                all.documentStart[at + t] = at + sequence.documentStart[t];
            }
            at += length;
        }
        return sequences.getFirst().teacher == null
                ? all
                : all.with(TeacherTokens.concat(sequences.stream().map(PackedSequence::teacher).toList()));
    }
}

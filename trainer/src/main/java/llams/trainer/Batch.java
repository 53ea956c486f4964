package llams.trainer;

import java.util.ArrayList;
import java.util.List;
import llams.engine.device.Executable;
import llams.engine.tensor.Tensor;
import llams.trainer.data.PackedDataset;
import llams.trainer.data.PackedSequence;

/// One micro-batch: packed sequences laid end to end as a flat list of tokens. All arrays are `[tokens]`.
///
/// @param position  of each token in its document
/// @param first     the batch's index of its document's first token
/// @param label     the id to predict at each token, or -100
/// @param rowLength length of the sequences if they are all alike, else 0
public record Batch(int[] ids, int[] position, int[] first, int[] label, long rowLength) {
    public static Batch of(List<PackedSequence> sequences) {
        int tokens = sequences.stream().mapToInt(sequence -> sequence.ids().length).sum();
        int[] ids = new int[tokens];
        int[] position = new int[tokens];
        int[] first = new int[tokens];
        int[] label = new int[tokens];
        int at = 0;
        long rowLength = sequences.getFirst().ids().length;
        for (PackedSequence sequence : sequences) {
            int length = sequence.ids().length;
            System.arraycopy(sequence.ids(), 0, ids, at, length);
            System.arraycopy(sequence.position(), 0, position, at, length);
            System.arraycopy(sequence.label(), 0, label, at, length);
            for (int t = 0; t < length; t++) {
                first[at + t] = at + sequence.documentStart()[t];
            }
            at += length;
            rowLength = length == rowLength ? rowLength : 0;
        }
        return new Batch(ids, position, first, label, rowLength);
    }

    /// All sequences in their order, `size` to a batch.
    public static List<Batch> all(PackedDataset data, int size) {
        List<Batch> batches = new ArrayList<>();
        for (int i = 0; i < data.size(); i += size) {
            List<PackedSequence> sequences = new ArrayList<>();
            for (int j = i; j < Math.min(data.size(), i + size); j++) {
                sequences.add(data.sequence(j));
            }
            batches.add(of(sequences));
        }
        return batches;
    }

    public int tokens() {
        return ids.length;
    }

    /// Tokens that the loss counts.
    public int countedTokens() {
        int counted = 0;
        for (int id : label) {
            counted += id >= 0 ? 1 : 0;
        }
        return counted;
    }

    /// Fills the inputs of a program of [LossProgram].
    ///
    /// @param scale what each token's loss counts: one over the counted tokens gives the mean
    void fill(Executable program, double scale) {
        copy(ids, program.input("ids"));
        copy(position, program.input("position"));
        copy(first, program.input("first"));
        copy(label, program.input("labels"));
        Tensor last = program.input("last");
        for (int t = 0; t < ids.length; t++) {
            last.setInt(t, t);
        }
        program.input("scale").setFloat(0, (float) scale);
    }

    private static void copy(int[] from, Tensor to) {
        for (int i = 0; i < from.length; i++) {
            to.setInt(i, from[i]);
        }
    }
}

package llams.trainer.run;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.trainer.data.Document;
import llams.trainer.data.PackedSequence;

/// Each prompt of a micro-batch with the answer of the document before it, the first with the last's: what tells how far
/// a model has moved, whatever it was shown.
final class Mismatched {
    private Mismatched() {}

    /// A micro-batch followed by as many mismatched documents, truncated to `most` tokens.
    static MicroBatch added(MicroBatch batch, int most) {
        List<PackedSequence> documents = documents(batch.sequence());
        List<PackedSequence> all = new ArrayList<>(documents);
        for (int i = 0; i < documents.size(); i++) {
            PackedSequence before = documents.get((i + documents.size() - 1) % documents.size());
            all.add(joined(documents.get(i), before, most));
        }
        return new MicroBatch(PackedSequence.concat(all), 0);
    }

    private static List<PackedSequence> documents(PackedSequence sequence) {
        List<PackedSequence> documents = new ArrayList<>();
        int[] starts = sequence.documentStart();
        for (int from = 0, to; from < starts.length; from = to) {
            to = from;
            while (to < starts.length && starts[to] == starts[from]) {
                to++;
            }
            documents.add(document(Arrays.copyOfRange(sequence.ids(), from, to),
                    Arrays.copyOfRange(sequence.label(), from, to)));
        }
        return documents;
    }

    private static PackedSequence document(int[] ids, int[] label) {
        int[] position = new int[ids.length];
        Arrays.setAll(position, t -> t);
        return new PackedSequence(ids, position, new int[ids.length], label);
    }

    /// Tokens before the first that counts.
    private static int promptLength(PackedSequence document) {
        int length = 1;
        while (length < document.ids().length && document.label()[length - 1] == Document.IGNORED) {
            length++;
        }
        return length;
    }

    private static PackedSequence joined(PackedSequence asked, PackedSequence answered, int most) {
        int prompt = promptLength(asked);
        int from = promptLength(answered);
        int answer = Math.min(answered.ids().length - from, most - prompt);
        int[] ids = Arrays.copyOf(asked.ids(), prompt + answer);
        System.arraycopy(answered.ids(), from, ids, prompt, answer);
        int[] label = new int[ids.length];
        Arrays.fill(label, Document.IGNORED);
        System.arraycopy(answered.label(), from - 1, label, prompt - 1, answer);
        return document(ids, label);
    }
}

package llams.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import llams.engine.tensor.CounterRandom;
import llams.model.files.DataException;

/// Pairs of answers, each a sequence of two documents: the chosen answer with its prompt, then the rejected one.
/// Documents are truncated to `tokens`; pairs of which an answer is lost thereby are dropped.
public final class PairDataset implements Sequences {
    private final List<PreferencePair> pairs = new ArrayList<>();
    private final int tokens;
    private final DataStatistics statistics;

    /// @param tokens the most tokens of a document, at least 2
    /// @throws DataException if no pair is left
    public PairDataset(List<PreferencePair> all, int tokens) {
        this.tokens = tokens;
        long read = 0;
        long kept = 0;
        long counted = 0;
        int longest = 0;
        int truncated = 0;
        long truncatedTokens = 0;
        long droppedTokens = 0;
        for (PreferencePair pair : all) {
            read += pair.tokens();
            longest = Math.max(longest, Math.max(pair.chosen().ids().length, pair.rejected().ids().length));
            int chosen = counted(pair.chosen());
            int rejected = counted(pair.rejected());
            if (chosen == 0 || rejected == 0) {
                droppedTokens += pair.tokens();
                continue;
            }
            pairs.add(pair);
            counted += chosen + rejected;
            kept += kept(pair.chosen()) + kept(pair.rejected());
            for (Document document : List.of(pair.chosen(), pair.rejected())) {
                truncated += document.ids().length > tokens ? 1 : 0;
                truncatedTokens += document.ids().length - kept(document);
            }
        }
        if (pairs.isEmpty()) {
            throw new DataException("nothing to learn from: of " + all.size() + " pairs none has both answers within"
                    + " `tokens " + tokens + "`");
        }
        statistics = new DataStatistics(2 * all.size(), read, longest, pairs.size(), kept, counted, 0, truncated,
                truncatedTokens, 2 * (all.size() - pairs.size()), droppedTokens);
    }

    private int kept(Document document) {
        return Math.min(tokens, document.ids().length);
    }

    private int counted(Document document) {
        return document.counted(kept(document));
    }

    @Override
    public DataStatistics statistics() {
        return statistics;
    }

    @Override
    public int size() {
        return pairs.size();
    }

    @Override
    public int tokens(int index) {
        return kept(pairs.get(index).chosen()) + kept(pairs.get(index).rejected());
    }

    @Override
    public PackedSequence sequence(int index) {
        return PackedSequence
                .concat(List.of(sequence(pairs.get(index).chosen()), sequence(pairs.get(index).rejected())));
    }

    private PackedSequence sequence(Document document) {
        int length = kept(document);
        int[] position = new int[length];
        Arrays.setAll(position, t -> t);
        int[] label = new int[length];
        System.arraycopy(document.labels(), 1, label, 0, length - 1);
        label[length - 1] = Document.IGNORED;
        return new PackedSequence(Arrays.copyOf(document.ids(), length), position, new int[length], label);
    }

    @Override
    public List<String> origins(int index) {
        return List.of(pairs.get(index).chosen().origin());
    }

    @Override
    public long fingerprint() {
        long hash = size();
        for (int pair = 0; pair < size(); pair++) {
            PackedSequence sequence = sequence(pair);
            hash = new CounterRandom(hash, Arrays.hashCode(sequence.ids())).bits(Arrays.hashCode(sequence.label()));
            hash = new CounterRandom(hash, Arrays.hashCode(sequence.documentStart())).bits(sequence.ids().length);
        }
        return hash;
    }
}

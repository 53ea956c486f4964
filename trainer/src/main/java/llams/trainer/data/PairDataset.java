package llams.trainer.data;

import java.util.Arrays;
import java.util.List;
import llams.engine.tensor.CounterRandom;
import llams.model.files.DataException;

/// Pairs of answers, each a sequence of two documents: the chosen answer with its prompt, then the rejected one.
/// Documents are truncated to `tokens`; pairs of which an answer is lost thereby are dropped. A sequence is built when
/// it is asked for.
public final class PairDataset implements Sequences {
    private final Documents documents;
    private final int tokens;
    /// The chosen document of each pair; the rejected one is next to it.
    private final IntList chosen = new IntList();
    private final DataStatistics statistics;

    /// @param all    of each pair the chosen document, then the rejected one
    /// @param tokens the most tokens of a document, at least 2
    /// @throws DataException if no pair is left
    public PairDataset(List<Document> all, int tokens) {
        this.documents = Documents.of(all);
        this.tokens = tokens;
        if (documents.size() % 2 != 0) {
            throw new DataException("half a pair: there are " + documents.size() + " answers");
        }
        long read = 0;
        long kept = 0;
        long counted = 0;
        int longest = 0;
        int truncated = 0;
        long truncatedTokens = 0;
        long droppedTokens = 0;
        for (int d = 0; d < documents.size(); d += 2) {
            int both = documents.tokens(d) + documents.tokens(d + 1);
            read += both;
            longest = Math.max(longest, Math.max(documents.tokens(d), documents.tokens(d + 1)));
            if (counted(d) == 0 || counted(d + 1) == 0) {
                droppedTokens += both;
                continue;
            }
            chosen.add(d);
            counted += counted(d) + counted(d + 1);
            kept += kept(d) + kept(d + 1);
            truncated += (kept(d) < documents.tokens(d) ? 1 : 0) + (kept(d + 1) < documents.tokens(d + 1) ? 1 : 0);
            truncatedTokens += both - kept(d) - kept(d + 1);
        }
        if (chosen.size() == 0) {
            throw new DataException("nothing to learn from: of " + documents.size() / 2
                    + " pairs none has both answers within `tokens " + tokens + "`");
        }
        statistics = new DataStatistics(documents.size(), read, longest, chosen.size(), kept, counted, 0, truncated,
                truncatedTokens, documents.size() - 2 * chosen.size(), droppedTokens);
    }

    private int kept(int d) {
        return Math.min(tokens, documents.tokens(d));
    }

    private int counted(int d) {
        return documents.counted(d, kept(d));
    }

    @Override
    public DataStatistics statistics() {
        return statistics;
    }

    @Override
    public int size() {
        return chosen.size();
    }

    @Override
    public int tokens(int index) {
        return kept(chosen.at(index)) + kept(chosen.at(index) + 1);
    }

    @Override
    public PackedSequence sequence(int index) {
        int first = chosen.at(index);
        return PackedSequence.concat(List.of(document(first), document(first + 1)));
    }

    private PackedSequence document(int d) {
        PackedSequence sequence = PackedSequence.empty(kept(d));
        int length = sequence.ids().length;
        documents.ids(d, 0, length, sequence.ids(), 0);
        documents.labels(d, 1, length - 1, sequence.label(), 0);
        sequence.label()[length - 1] = Document.IGNORED;
        Arrays.setAll(sequence.position(), t -> t);
        return sequence;
    }

    @Override
    public List<String> origins(int index) {
        return List.of(documents.origin(chosen.at(index)));
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

package llams.trainer.data;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import llams.engine.tensor.CounterRandom;
import llams.model.files.DataException;

/// Documents laid out in sequences of at most `tokens` tokens. Only the layout is computed ahead; a sequence is built
/// when it is asked for.
///
/// Packed, documents share sequences. A document that may be cut fills what is left of the newest sequence and continues
/// in the next, as a document whose positions start at 0 again; its last token before the cut still predicts the first
/// after it, so where the cuts fall changes no count. A document that may not be cut goes into the first open sequence
/// that has room for it, and is truncated if it is longer than a sequence. So sequences of texts have exactly `tokens`
/// tokens, except the last.
///
/// Not packed, every document is a sequence of its own, truncated to `tokens`.
///
/// Documents in which nothing counts are dropped.
public final class PackedDataset implements Sequences, Iterable<PackedSequence> {
    private static final int HASHED_AT_ONCE = 1 << 10;

    private final Documents documents;
    private final Layout layout;

    /// @param tokens the most tokens of a sequence, at least 2
    /// @param pack   false: one document per sequence
    /// @throws DataException if no token of all documents counts
    public PackedDataset(List<Document> documents, int tokens, boolean pack) {
        if (tokens < 2) {
            throw new IllegalArgumentException("a sequence needs at least 2 tokens, not " + tokens);
        }
        this.documents = Documents.of(documents);
        layout = new Layout(this.documents, tokens, pack);
        DataStatistics statistics = layout.statistics;
        if (statistics.countedTokens() == 0) {
            throw new DataException("nothing to learn from: the loss would count 0 of " + statistics.tokens()
                    + " tokens in " + statistics.documents()
                    + " documents. In conversations only the assistant's turns count, in files of ids only"
                    + " labels other than -100"
                    + (statistics.truncated() == 0
                            ? ""
                            : "; " + statistics.truncated() + " documents lost their ends to `tokens " + tokens + "`"));
        }
    }

    @Override
    public DataStatistics statistics() {
        return layout.statistics;
    }

    @Override
    public int size() {
        return layout.statistics.sequences();
    }

    @Override
    public int tokens(int index) {
        int tokens = 0;
        for (int p = layout.firstPiece(index); p < layout.firstPiece(index + 1); p++) {
            tokens += layout.length(p);
        }
        return tokens;
    }

    @Override
    public PackedSequence sequence(int index) {
        PackedSequence sequence = PackedSequence.empty(tokens(index));
        fill(sequence, index);
        return sequence;
    }

    private void fill(PackedSequence sequence, int index) {
        int start = 0;
        for (int p = layout.firstPiece(index); p < layout.firstPiece(index + 1); p++) {
            fill(sequence, start, p);
            start += layout.length(p);
        }
    }

    /// A run of one document's tokens in a sequence.
    ///
    /// @param sequence number of the sequence
    /// @param first    whether the sequence begins with it
    /// @param document index of the document
    /// @param from     index of its first token in the document
    /// @param length   tokens
    public record Piece(int sequence, boolean first, int document, int from, int length) {}

    /// What the sequences are made of, in their order.
    public List<Piece> pieces() {
        List<Piece> pieces = new ArrayList<>();
        for (int s = 0; s < size(); s++) {
            for (int p = layout.firstPiece(s); p < layout.firstPiece(s + 1); p++) {
                pieces.add(
                        new Piece(s, p == layout.firstPiece(s), layout.document(p), layout.from(p), layout.length(p)));
            }
        }
        return pieces;
    }

    /// All sequences in their order, each built when asked for.
    @Override
    public Iterator<PackedSequence> iterator() {
        return IntStream.range(0, size()).mapToObj(this::sequence).iterator();
    }

    @Override
    public List<String> origins(int index) {
        return IntStream.range(layout.firstPiece(index), layout.firstPiece(index + 1))
                .mapToObj(p -> documents.origin(layout.document(p)))
                .toList();
    }

    /// Puts piece p at token `start` of a sequence.
    private void fill(PackedSequence sequence, int start, int p) {
        int length = layout.length(p);
        boolean goesOn = layout.goesOn(p);
        documents.ids(layout.document(p), layout.from(p), length, sequence.ids(), start);
        documents.labels(layout.document(p), layout.from(p) + 1, goesOn ? length : length - 1, sequence.label(), start);
        if (!goesOn) {
            sequence.label()[start + length - 1] = Document.IGNORED;
        }
        for (int t = 0; t < length; t++) {
            sequence.position()[start + t] = t;
            sequence.documentStart()[start + t] = start;
        }
    }

    /// A fingerprint of data and layout, 64 bits over every sequence, from which a resumed run sees that they are the
    /// same. All cores read the sequences, each into one buffer.
    @Override
    public long fingerprint() {
        int[] hashes = new int[4 * size()];
        IntStream.rangeClosed(0, (size() - 1) / HASHED_AT_ONCE).parallel().forEach(part -> {
            PackedSequence buffer = PackedSequence.empty(0);
            for (int s = part * HASHED_AT_ONCE; s < Math.min(size(), (part + 1) * HASHED_AT_ONCE); s++) {
                int tokens = tokens(s);
                buffer = buffer.ids().length == tokens ? buffer : PackedSequence.empty(tokens);
                fill(buffer, s);
                hashes[4 * s] = Arrays.hashCode(buffer.ids());
                hashes[4 * s + 1] = Arrays.hashCode(buffer.label());
                hashes[4 * s + 2] = Arrays.hashCode(buffer.documentStart());
                hashes[4 * s + 3] = tokens;
            }
        });
        long hash = size();
        for (int i = 0; i < hashes.length; i += 4) {
            hash = new CounterRandom(hash, hashes[i]).bits(hashes[i + 1]);
            hash = new CounterRandom(hash, hashes[i + 2]).bits(hashes[i + 3]);
        }
        return hash;
    }
}

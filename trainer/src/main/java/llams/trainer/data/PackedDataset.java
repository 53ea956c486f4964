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
/// Packed, documents follow each other in order. A document that may be cut fills what is left of a sequence and
/// continues in the next, as a document whose positions start at 0 again; its last token before the cut still predicts
/// the first after it, so where the cuts fall changes no count. A document that may not be cut starts a new sequence if
/// the rest of this one is too short, and is truncated if it is longer than a sequence. So sequences of texts have
/// exactly `tokens` tokens, except the last.
///
/// Not packed, every document is a sequence of its own, truncated to `tokens`.
///
/// Documents in which nothing counts are dropped.
public final class PackedDataset implements Sequences, Iterable<PackedSequence> {
    private final Documents documents;
    private final DataStatistics statistics;

    /// Piece p is the `length[p]` tokens from `from[p]` of document `document[p]`.
    private final IntList document = new IntList();
    private final IntList from = new IntList();
    private final IntList length = new IntList();
    /// Sequence s is the pieces `firstPiece[s]` to `firstPiece[s + 1]`.
    private final IntList firstPiece = new IntList();

    /// @param tokens the most tokens of a sequence, at least 2
    /// @param pack   false: one document per sequence
    /// @throws DataException if no token of all documents counts
    public PackedDataset(List<Document> documents, int tokens, boolean pack) {
        if (tokens < 2) {
            throw new IllegalArgumentException("a sequence needs at least 2 tokens, not " + tokens);
        }
        this.documents = Documents.of(documents);
        statistics = layOut(tokens, pack);
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

    private DataStatistics layOut(int tokens, boolean pack) {
        long all = 0;
        long packed = 0;
        long counted = 0;
        int longest = 0;
        int cut = 0;
        int truncated = 0;
        long truncatedTokens = 0;
        int dropped = 0;
        long droppedTokens = 0;
        int room = 0;
        for (int d = 0; d < documents.size(); d++) {
            int size = documents.tokens(d);
            all += size;
            longest = Math.max(longest, size);
            boolean cuts = pack && documents.cut(d);
            int kept = cuts ? size : Math.min(size, tokens);
            int countedHere = documents.counted(d, kept);
            if (countedHere == 0) {
                dropped++;
                droppedTokens += size;
                continue;
            }
            if (kept < size) {
                truncated++;
                truncatedTokens += size - kept;
            }
            counted += countedHere;
            packed += kept;
            if (!pack || !cuts && kept > room) {
                room = 0;
            }
            if (room > 0 && kept > room || kept > tokens) {
                cut++;
            }
            for (int at = 0; at < kept;) {
                if (room == 0) {
                    firstPiece.add(document.size);
                    room = tokens;
                }
                int piece = Math.min(room, kept - at);
                document.add(d);
                from.add(at);
                length.add(piece);
                at += piece;
                room -= piece;
            }
        }
        int sequences = firstPiece.size;
        firstPiece.add(document.size);
        return new DataStatistics(documents.size(), all, longest, sequences, packed, counted, cut, truncated,
                truncatedTokens, dropped, droppedTokens);
    }

    @Override
    public DataStatistics statistics() {
        return statistics;
    }

    @Override
    public int size() {
        return statistics.sequences();
    }

    @Override
    public int tokens(int index) {
        int tokens = 0;
        for (int p = firstPiece.at(index); p < firstPiece.at(index + 1); p++) {
            tokens += length.at(p);
        }
        return tokens;
    }

    @Override
    public PackedSequence sequence(int index) {
        int tokens = tokens(index);
        PackedSequence sequence = new PackedSequence(new int[tokens], new int[tokens], new int[tokens],
                new int[tokens]);
        int start = 0;
        for (int p = firstPiece.at(index); p < firstPiece.at(index + 1); p++) {
            boolean goesOn = p + 1 < document.size && document.at(p + 1) == document.at(p);
            fill(sequence, start, p, goesOn);
            start += length.at(p);
        }
        return sequence;
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
            for (int p = firstPiece.at(s); p < firstPiece.at(s + 1); p++) {
                pieces.add(new Piece(s, p == firstPiece.at(s), document.at(p), from.at(p), length.at(p)));
            }
        }
        return pieces;
    }

    /// All sequences in their order, each built when asked for.
    @Override
    public Iterator<PackedSequence> iterator() {
        return IntStream.range(0, size()).mapToObj(this::sequence).iterator();
    }

    /// The documents that sequence `index` has pieces of, each as its `file:line`.
    @Override
    public List<String> origins(int index) {
        return IntStream.range(firstPiece.at(index), firstPiece.at(index + 1))
                .mapToObj(p -> documents.origin(document.at(p)))
                .distinct()
                .toList();
    }

    /// Puts piece p at token `start` of a sequence.
    ///
    /// @param goesOn whether the document goes on in the next sequence
    private void fill(PackedSequence sequence, int start, int p, boolean goesOn) {
        int length = this.length.at(p);
        documents.ids(document.at(p), from.at(p), length, sequence.ids(), start);
        documents.labels(document.at(p), from.at(p) + 1, goesOn ? length : length - 1, sequence.label(), start);
        if (!goesOn) {
            sequence.label()[start + length - 1] = Document.IGNORED;
        }
        for (int t = 0; t < length; t++) {
            sequence.position()[start + t] = t;
            sequence.documentStart()[start + t] = start;
        }
    }

    /// A fingerprint of data and layout, 64 bits over every sequence, from which a resumed run sees that they are the
    /// same.
    @Override
    public long fingerprint() {
        long hash = size();
        for (int s = 0; s < size(); s++) {
            PackedSequence sequence = sequence(s);
            hash = new CounterRandom(hash, Arrays.hashCode(sequence.ids())).bits(Arrays.hashCode(sequence.label()));
            hash = new CounterRandom(hash, Arrays.hashCode(sequence.documentStart())).bits(sequence.ids().length);
        }
        return hash;
    }

    private static final class IntList {
        private int[] values = new int[16];
        private int size;

        void add(int value) {
            if (size == values.length) {
                values = Arrays.copyOf(values, Math.multiplyExact(size, 2));
            }
            values[size++] = value;
        }

        int at(int index) {
            if (index >= size) {
                throw new IndexOutOfBoundsException("sequence index " + index + " of " + (size - 1));
            }
            return values[index];
        }
    }
}

package llams.trainer.data;

import java.util.Arrays;

/// Which piece of which document lies in which sequence.
///
/// Documents are placed in the order of their files: a text where the one before it ended, a conversation in the first
/// sequence that has room for it. First-fit leaves little room empty, and a sequence has long and short conversations
/// beside each other. Only lengths are looked at: documents need not be in memory.
final class Layout {
    private final Documents documents;
    private final int tokens;
    private final boolean pack;

    /// Piece p is the `length[p]` tokens from `from[p]` of document `document[p]`.
    private IntList document = new IntList();
    private IntList from = new IntList();
    private IntList length = new IntList();
    /// While pieces are placed: the sequence of each.
    private final IntList sequence = new IntList();
    private boolean inOrder = true;
    /// Sequence s is the pieces `firstPiece[s]` to `firstPiece[s + 1]`.
    private int[] firstPiece;

    private final Rooms rooms = new Rooms();

    final DataStatistics statistics;

    Layout(Documents documents, int tokens, boolean pack) {
        this.documents = documents;
        this.tokens = tokens;
        this.pack = pack;
        statistics = place();
        sort();
    }

    private DataStatistics place() {
        long all = 0;
        long packed = 0;
        long counted = 0;
        int longest = 0;
        int cut = 0;
        int truncated = 0;
        long truncatedTokens = 0;
        int dropped = 0;
        long droppedTokens = 0;
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
            if (cuts) {
                cut += placeText(d, kept) > 1 ? 1 : 0;
            } else {
                int first = pack ? rooms.firstWith(kept) : -1;
                put(d, 0, kept, first < 0 ? rooms.add(tokens) : first);
            }
        }
        return new DataStatistics(documents.size(), all, longest, rooms.size(), packed, counted, cut, truncated,
                truncatedTokens, dropped, droppedTokens);
    }

    /// Places a text in the newest sequence and those after it, and returns in how many it is.
    private int placeText(int d, int size) {
        int pieces = 0;
        for (int at = 0; at < size; pieces++) {
            int newest = rooms.size() - 1;
            int to = newest >= 0 && rooms.of(newest) > 0 ? newest : rooms.add(tokens);
            int piece = Math.min(rooms.of(to), size - at);
            put(d, at, piece, to);
            at += piece;
        }
        return pieces;
    }

    private void put(int d, int at, int piece, int to) {
        inOrder &= sequence.size() == 0 || sequence.at(sequence.size() - 1) <= to;
        sequence.add(to);
        document.add(d);
        from.add(at);
        length.add(piece);
        rooms.take(to, piece);
    }

    /// Puts the pieces in the order of their sequences; those of one stay as they are.
    private void sort() {
        int sequences = rooms.size();
        firstPiece = new int[sequences + 1];
        for (int p = 0; p < sequence.size(); p++) {
            firstPiece[sequence.at(p) + 1]++;
        }
        for (int s = 0; s < sequences; s++) {
            firstPiece[s + 1] += firstPiece[s];
        }
        if (!inOrder) {
            int[] next = Arrays.copyOf(firstPiece, sequences);
            int[] place = new int[sequence.size()];
            Arrays.setAll(place, p -> next[sequence.at(p)]++);
            document = document.moved(place);
            from = from.moved(place);
            length = length.moved(place);
        }
        sequence.clear();
        rooms.clear();
    }

    int firstPiece(int s) {
        if (s < 0 || s >= firstPiece.length) {
            throw new IndexOutOfBoundsException("sequence " + s + " of " + (firstPiece.length - 1));
        }
        return firstPiece[s];
    }

    int document(int p) {
        return document.at(p);
    }

    int from(int p) {
        return from.at(p);
    }

    int length(int p) {
        return length.at(p);
    }

    /// Whether the document of piece p goes on in another sequence.
    boolean goesOn(int p) {
        int d = document.at(p);
        return pack && documents.cut(d) && from.at(p) + length.at(p) < documents.tokens(d);
    }
}

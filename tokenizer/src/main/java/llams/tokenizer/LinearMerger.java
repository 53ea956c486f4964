package llams.tokenizer;

/// Byte-pair merging from left to right, in time linear in a piece's length: a word, a million letters, a flood of emoji. The ids
/// are exactly those of [HeapMerger], for every vocabulary.
///
/// Why it can be done: if merging never crosses a place, both sides merge as they would alone. So two encodings that stand side
/// by side are the encoding of the whole exactly if their two neighbouring tokens, merged from bytes on, stay these two tokens
/// ([TokenSplits#staysApart]). An encoding is thus a path of tokens whose neighbours all stay apart, and every prefix of the
/// piece has only one. The path is searched with the longest token first; a place from which there is no way on never needs a
/// second visit, for the path to it is always the same.
///
/// Time is linear where ranks rise from parts to wholes, as in every trained vocabulary; elsewhere [HeapMerger] takes over.
/// One thread at a time.
final class LinearMerger {

    /// A few tries and one for so many bytes are allowed; a vocabulary in no order that training makes is left to [HeapMerger].
    private static final int FREE_TRIES = 16;
    private static final int BYTES_PER_TRY = 64;

    private final HeapMerger heapMerger;

    /// One bit for each place from which the piece cannot be finished.
    private long[] dead = new long[4];

    /// @param heapMerger for the rare neighbours whose merging must be tried
    LinearMerger(HeapMerger heapMerger) {
        this.heapMerger = heapMerger;
    }

    /// Adds the ids of the piece `text[from, to)` to `out` and returns their number.
    int merge(TokenSplits splits, byte[] text, int from, int to, IdBuffer out) {
        long[] dead = clear((to - from >> 6) + 1);
        int at = from;
        int previous = Vocabulary.NONE;
        boolean isLongest = false;
        int shorterThan = to - at + 1;
        int added = 0;
        heapMerger.tries = 0;
        while (at < to) {
            if (heapMerger.tries > FREE_TRIES + (to - from) / BYTES_PER_TRY) {
                for (; added > 0; added--) {
                    out.removeLast();
                }
                return heapMerger.merge(splits.vocabulary, text, from, to, out);
            }
            int id = splits.longest(text, at, shorterThan);
            boolean isFirst = shorterThan == to - at + 1;
            while (id != Vocabulary.NONE) {
                int length = splits.vocabulary.length(id);
                int end = at + length - from;
                if ((dead[end >> 6] & 1L << end) == 0
                        && (at == from || splits.staysApart(previous, isLongest, id, text, at, heapMerger))) {
                    break;
                }
                id = splits.longest(text, at, length);
                isFirst = false;
            }
            if (id != Vocabulary.NONE) {
                out.add(id);
                added++;
                previous = id;
                isLongest = isFirst;
                at += splits.vocabulary.length(id);
                shorterThan = to - at + 1;
            } else {
                dead[at - from >> 6] |= 1L << at - from;
                shorterThan = splits.vocabulary.length(previous);
                out.removeLast();
                added--;
                at -= shorterThan;
                previous = at == from ? Vocabulary.NONE : out.last();
                isLongest = false;
            }
        }
        return added;
    }

    private long[] clear(int words) {
        if (dead.length < words) {
            dead = new long[words];
        }
        for (int i = 0; i < words; i++) {
            dead[i] = 0;
        }
        return dead;
    }
}

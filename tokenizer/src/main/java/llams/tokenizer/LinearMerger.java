package llams.tokenizer;

/// Byte-pair merging of long pieces from left to right, in time linear in their length: a million letters, a flood of emoji. The
/// ids are exactly those of [Merger], for every vocabulary.
///
/// Why it can be done: if merging never crosses a place, both sides merge as they would alone. So two encodings that stand side
/// by side are the encoding of the whole exactly if their two neighbouring tokens, merged from bytes on, stay these two tokens
/// ([TokenSplits#staysApart]). An encoding is thus a path of tokens whose neighbours all stay apart, and every prefix of the
/// piece has only one. The path is searched with the longest token first; a place from which there is no way on never needs a
/// second visit, for the path to it is always the same.
///
/// Time is linear where ranks rise from parts to wholes, as in every trained vocabulary; elsewhere [LongMerger] takes over.
/// One thread at a time.
final class LinearMerger {

    /// A few tries and one for so many bytes are allowed; a vocabulary in no order that training makes is left to [LongMerger].
    private static final int FREE_TRIES = 16;
    private static final int BYTES_PER_TRY = 64;

    private final LongMerger longMerger;

    /// @param longMerger for the rare neighbours whose merging must be tried
    LinearMerger(LongMerger longMerger) {
        this.longMerger = longMerger;
    }

    /// Adds the ids of the piece `text[from, to)` to `out`.
    void merge(TokenSplits splits, byte[] text, int from, int to, IdBuffer out) {
        // One bit for each place from which the piece cannot be finished.
        long[] dead = new long[(to - from >> 6) + 1];
        int at = from;
        int previous = Vocabulary.NONE;
        boolean isLongest = false;
        int shorterThan = to - at + 1;
        int added = 0;
        longMerger.tries = 0;
        while (at < to) {
            if (longMerger.tries > FREE_TRIES + (to - from) / BYTES_PER_TRY) {
                for (; added > 0; added--) {
                    out.removeLast();
                }
                longMerger.merge(splits.vocabulary, text, from, to, out);
                return;
            }
            int id = splits.longest(text, at, shorterThan);
            boolean isFirst = shorterThan == to - at + 1;
            while (id != Vocabulary.NONE) {
                int length = splits.vocabulary.length(id);
                int end = at + length - from;
                if ((dead[end >> 6] & 1L << end) == 0
                        && (at == from || splits.staysApart(previous, isLongest, id, text, at, longMerger))) {
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
    }
}

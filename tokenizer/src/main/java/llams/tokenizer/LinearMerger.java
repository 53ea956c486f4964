package llams.tokenizer;

/// Byte-pair merging from left to right, in time linear in a piece's length: a word, a million letters, a flood of
/// emoji. The ids are exactly those of [HeapMerger], for every vocabulary.
///
/// Why it can be done: if merging never crosses a place, both sides merge as they would alone. So two encodings that
/// stand side by side are the encoding of the whole exactly if their two neighbouring tokens, merged from bytes on,
/// stay these two tokens ([TokenSplits#staysApart]). An encoding is thus a path of tokens whose neighbours all stay
/// apart, and every prefix of the piece has only one. The path is searched with the longest token first; a place from
/// which there is no way on never needs a second visit, for the path to it is always the same.
///
/// Where the longest token is short, many tries would be in vain. There a block of bytes is merged alone
/// ([BlockMerger]): its tokens stay apart from each other, so only the first of them must be compared with what is
/// before; the last ones are left for the next block to make. On random letters that halved the time.
///
/// Time is linear where ranks rise from parts to wholes, as in every trained vocabulary; elsewhere [HeapMerger] takes
/// over. One thread at a time.
final class LinearMerger {

    /// Tries allowed: a few, and one more per `BYTES_PER_TRY` bytes. A vocabulary in an order that no training makes is
    /// left to [HeapMerger].
    private static final int FREE_TRIES = 16;
    private static final int BYTES_PER_TRY = 64;

    /// The last tokens of a block that does not end the piece are left out: what follows would often change them.
    private static final int DOUBTFUL = 2;

    private final HeapMerger heapMerger;
    private final BlockMerger block = new BlockMerger();

    /// One bit for each place from which the piece cannot be finished.
    private long[] dead = new long[4];

    /// @param heapMerger for the rare neighbours whose merging must be tried
    LinearMerger(HeapMerger heapMerger) {
        this.heapMerger = heapMerger;
    }

    /// Adds the ids of the piece `text[from, to)` to `out` and returns their number.
    int merge(TokenSplits splits, byte[] text, int from, int to, IdBuffer out) {
        // A word of ASCII, maybe after a space: not worth a look at its longest token.
        if (to - from <= BlockMerger.BYTES && text[from + 1] >= 0) {
            int count = block.merge(splits.vocabulary, text, from, to);
            out.addAll(block.id, count);
            return count;
        }
        long[] dead = clear((to - from >> 6) + 1);
        int at = from;
        // No place after `reached` was seen yet; up to `guessed` a place's token may not be the longest that fits.
        int reached = from;
        int guessed = from;
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
            boolean fresh = isFirst && at >= reached;
            int guesses = fresh && promisesLittle(text, at, at + splits.vocabulary.length(id), to)
                    ? guess(splits, text, at, to, previous)
                    : 0;
            if (guesses > 0) {
                for (int i = 0; i < guesses; i++) {
                    out.add(block.id[i]);
                    at += splits.vocabulary.length(block.id[i]);
                }
                added += guesses;
                previous = block.id[guesses - 1];
                isLongest = false;
                reached = at;
                guessed = at;
                shorterThan = to - at + 1;
                continue;
            }
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
                reached = Math.max(reached, at);
                shorterThan = to - at + 1;
            } else {
                dead[at - from >> 6] |= 1L << at - from;
                int length = splits.vocabulary.length(previous);
                shorterThan = at <= guessed ? to - at + length + 1 : length;
                out.removeLast();
                added--;
                at -= length;
                previous = at == from ? Vocabulary.NONE : out.last();
                isLongest = false;
            }
        }
        return added;
    }

    /// Leaves in `block.id` tokens with which the encoding may continue after `previous`, and returns their number: 0
    /// if there are none.
    private int guess(TokenSplits splits, byte[] text, int at, int to, int previous) {
        int end = Math.min(to, at + BlockMerger.BYTES);
        int count = block.merge(splits.vocabulary, text, at, end);
        if (previous != Vocabulary.NONE && !splits.staysApart(previous, false, block.id[0], text, at, heapMerger)) {
            return 0;
        }
        return end == to ? count : Math.max(1, count - DOUBTFUL);
    }

    /// Whether the longest token, `text[at, end)`, looks as if more would have to be tried: it is short, or ends within
    /// a character.
    private static boolean promisesLittle(byte[] text, int at, int end, int to) {
        return end - at < (text[end - 1] < 0 ? 3 : 5) || end < to && (text[end] & 0xC0) == 0x80;
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

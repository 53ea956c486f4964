package llams.tokenizer;

/// Remembers how recent pieces were merged: among pieces that are not tokens, six in ten of English and a third of
/// Korean text were among the last few thousand. One slot for each hash value, the newest piece wins; a slot is half a
/// line of memory. For one thread and one vocabulary.
final class PieceCache {

    /// The longest piece that is kept, in bytes.
    static final int PIECE_BYTES = Vocabulary.HEAD_BYTES;

    /// The most ids of a piece that is kept.
    static final int PIECE_IDS = 6;

    private static final int SLOT_BITS = 13;
    private static final int SLOT_WORDS = 4;
    private static final int ID_BITS = 20;

    /// `[slots, 4]`: the two words of the piece's head, then two words of three ids each; the first also has the number
    /// of ids.
    private final long[] slots = new long[SLOT_WORDS << SLOT_BITS];

    private static int slot(long hash) {
        return (int) (hash >>> 64 - SLOT_BITS) * SLOT_WORDS;
    }

    /// Adds the ids of `text[from, to)` to `out` and returns true, if they are known.
    boolean add(byte[] text, int from, int to, long hash, IdBuffer out) {
        int slot = slot(hash);
        if (slots[slot] != Vocabulary.low(text, from, to - from)
                || slots[slot + 1] != Vocabulary.high(text, from, to - from)) {
            return false;
        }
        out.addPacked(slots[slot + 2], slots[slot + 3]);
        return true;
    }

    /// Keeps the last `count` ids of `ids` for the piece `text[from, to)`.
    void put(byte[] text, int from, int to, long hash, IdBuffer ids, int count) {
        if (count > PIECE_IDS) {
            return;
        }
        int slot = slot(hash);
        slots[slot] = Vocabulary.low(text, from, to - from);
        slots[slot + 1] = Vocabulary.high(text, from, to - from);
        slots[slot + 2] = ids.packed(count, Math.min(3, count)) | (long) count << 3 * ID_BITS;
        slots[slot + 3] = count <= 3 ? 0 : ids.packed(count - 3, count - 3);
    }
}

package llams.tokenizer;

/// What [LinearMerger] asks of a vocabulary: which tokens a text could continue with, and which tokens stay apart as
/// neighbours. Made when the first piece arrives that is not a token; what it says of a token is found out when first
/// asked for.
final class TokenSplits {

    /// In place of a token's part: not yet known.
    private static final int UNKNOWN = 0;
    /// The token is one byte.
    private static final int BYTE = -1;
    /// Merging makes the token, but not in the order of ranks, or it is too long to know.
    private static final int IRREGULAR = -2;
    /// Merging never makes the token.
    private static final int UNREACHABLE = -3;

    /// How many first bytes of a token choose its entry in `lengths`.
    private static final int START_BYTES = 4;
    private static final int START_BITS = 16;
    private static final int TOP = Long.SIZE - 1;

    final Vocabulary vocabulary;

    /// `[size, 2]`: the two tokens whose merging makes this one, each made of lower ranks, as `id + 1`; or one of the
    /// constants. There are only these two: whatever the text around, a token's bytes merge in the same order, or else
    /// it is not made.
    ///
    /// Threads read it without a lock: each number is either still unknown or right.
    private final int[] parts;

    /// `[2^16]`: by a hash of four bytes, a bit for the length of each token that begins so; the highest bit for all
    /// from 63 on.
    private final long[] lengths = new long[1 << START_BITS];

    private final HeapMerger heapMerger = new HeapMerger();
    private final IdBuffer made = new IdBuffer();

    TokenSplits(Vocabulary vocabulary) {
        this.vocabulary = vocabulary;
        parts = new int[vocabulary.size * 2];
        for (int id = 0; id < vocabulary.size; id++) {
            noteLength(id);
        }
    }

    /// A method of its own because Java compiles what is often called sooner than what loops for long.
    private void noteLength(int id) {
        if (vocabulary.length(id) >= START_BYTES) {
            lengths[start(vocabulary.pool, vocabulary.offset[id])] |= 1L << Math.min(vocabulary.length(id), TOP);
        }
    }

    /// The left part of a token as it stands in `parts`.
    private int left(int id) {
        return parts[2 * id] != UNKNOWN ? parts[2 * id] : learn(id, 0);
    }

    private int right(int id) {
        return parts[2 * id + 1] != UNKNOWN ? parts[2 * id + 1] : learn(id, 1);
    }

    private synchronized int learn(int id, int side) {
        int from = vocabulary.offset[id];
        int to = vocabulary.offset[id + 1];
        int kind = IRREGULAR;
        int left = Vocabulary.NONE;
        int right = Vocabulary.NONE;
        if (to - from == 1) {
            kind = BYTE;
        } else if (merge(from, to) > 1) {
            kind = UNREACHABLE;
        } else {
            int place = from + heapMerger.lastPlace;
            left = vocabulary.find(vocabulary.pool, from, place);
            right = vocabulary.find(vocabulary.pool, place, to);
        }
        boolean isRegular = left != Vocabulary.NONE && isRegularPart(left, id) && isRegularPart(right, id);
        parts[2 * id] = isRegular ? left + 1 : kind;
        parts[2 * id + 1] = isRegular ? right + 1 : kind;
        return parts[2 * id + side];
    }

    private int merge(int from, int to) {
        made.clear();
        return heapMerger.merge(vocabulary, vocabulary.pool, from, to, made);
    }

    private boolean isRegularPart(int part, int whole) {
        return vocabulary.length(part) == 1 || part < whole && left(part) > 0;
    }

    private static int start(byte[] bytes, int at) {
        return Vocabulary.start(bytes, at) * 0x9E3779B9 >>> Integer.SIZE - START_BITS;
    }

    /// The longest token that merging can make of `text[at, ..)` and that has fewer than `shorterThan` bytes, or
    /// [Vocabulary#NONE].
    int longest(byte[] text, int at, int shorterThan) {
        if (shorterThan > START_BYTES) {
            long word = lengths[start(text, at)];
            if (word < 0) {
                for (int length = Math.min(shorterThan - 1, vocabulary.longestBytes); length >= TOP; length--) {
                    int id = made(text, at, length);
                    if (id != Vocabulary.NONE) {
                        return id;
                    }
                }
            }
            word &= (1L << Math.min(shorterThan, TOP)) - 1;
            while (word != 0) {
                int length = TOP - Long.numberOfLeadingZeros(word);
                int id = made(text, at, length);
                if (id != Vocabulary.NONE) {
                    return id;
                }
                word ^= 1L << length;
            }
        }
        for (int length = Math.min(shorterThan, START_BYTES) - 1; length > 1; length--) {
            int id = made(text, at, length);
            if (id != Vocabulary.NONE) {
                return id;
            }
        }
        return shorterThan > 1 ? vocabulary.ofByte(text[at]) : Vocabulary.NONE;
    }

    private int made(byte[] text, int at, int length) {
        int id = vocabulary.findRare(text, at, at + length);
        return id == Vocabulary.NONE || left(id) == UNREACHABLE ? Vocabulary.NONE : id;
    }

    /// Whether merging the bytes of `left` and `right` from single bytes on gives just these two. They meet in `text`
    /// at `place`.
    ///
    /// Undoes the merges at both sides of the place, the last one first, and looks at each moment whether the
    /// neighbours would have joined before the merge that was undone last. Ranks tell the order, as every part has a
    /// lower rank than what it makes; of two equal ones the left came first.
    ///
    /// @param isLongest whether no token starts with `left` and continues with bytes of `right`; saves half of the
    ///                  look-ups
    boolean staysApart(int left, boolean isLongest, int right, byte[] text, int place, HeapMerger heapMerger) {
        if (left(left) == IRREGULAR || left(right) == IRREGULAR) {
            return heapMerger.makes(vocabulary, text, place - vocabulary.length(left), place + vocabulary.length(right),
                    left, right);
        }
        int from = place - vocabulary.length(left);
        int to = place + vocabulary.length(right);
        int firstTooLate = Integer.MAX_VALUE;
        boolean cannotJoin = isLongest;
        while (true) {
            int joined = cannotJoin ? Vocabulary.NONE : vocabulary.findRare(text, from, to);
            if (joined != Vocabulary.NONE && joined < firstTooLate) {
                return false;
            }
            boolean leftIsByte = place - from == 1;
            if (to - place == 1 || !leftIsByte && left > right) {
                if (leftIsByte) {
                    return true;
                }
                cannotJoin = false;
                firstTooLate = left;
                left = right(left) - 1;
                from = place - vocabulary.length(left);
            } else {
                firstTooLate = right + 1;
                right = left(right) - 1;
                to = place + vocabulary.length(right);
            }
        }
    }
}

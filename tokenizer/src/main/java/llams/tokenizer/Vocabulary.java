package llams.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.concurrent.atomic.AtomicInteger;

/// The ordinary tokens: bytes by id, and ids by bytes. An id is also the token's rank in merging.
///
/// Two open-addressing tables: tokens of at most 8 bytes lie in the table itself, so that finding one costs one line of
/// memory; longer ones are compared with the pool. Readers may look 8 bytes past the end of what they look up.
final class Vocabulary {

    /// How many bytes a buffer must have after the last byte that is looked up in it.
    static final int SLACK_BYTES = 8;

    private static final AtomicInteger SERIALS = new AtomicInteger();

    static final int NONE = -1;

    /// So that an id and a place in a short piece fit one `int`.
    private static final int MOST_TOKENS = 1 << 23;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MIX = 0x9E3779B97F4A7C15L;
    private static final int SHORT_BYTES = 8;
    private static final int FILTER_BITS = 20;

    /// Keeps the low `n` bytes of a word, for `n` in 0..8.
    private static final long[] MASK = new long[SHORT_BYTES + 1];

    static {
        for (int n = 1; n <= SHORT_BYTES; n++) {
            MASK[n] = -1L >>> 64 - 8 * n;
        }
    }

    /// Tells vocabularies apart, from 1 on.
    final int serial = SERIALS.incrementAndGet();

    /// The number of tokens; ids are `0 .. size - 1`.
    final int size;

    /// The length of the longest token, in bytes.
    final int longestBytes;

    /// All tokens, one behind the other, and [#SLACK_BYTES] more.
    final byte[] pool;

    /// `[size + 1]`: where each token starts in `pool`.
    final int[] offset;

    /// `[256]`: the ids of the single bytes.
    private final int[] byteId = new int[256];

    /// `[65536]`: the ids of two bytes, first byte high, or [#NONE].
    private final int[] pairId = new int[1 << 16];

    /// Slots of two: the bytes as one word, and `id + 1` with the length above bit 32; 0 is free.
    private final long[] shortTable;
    private final int shortShift;

    /// `id + 1` below, the high half of the hash above; 0 is free.
    private final long[] longTable;
    private final int longShift;

    /// One bit for each possible value of a hash's top [#FILTER_BITS] bits, set if a token has it. Merging asks for far more unions
    /// than there are tokens; this answers most of them from 128 KB, without a trip to the tables, which are larger than a core's
    /// cache.
    private final long[] filter = new long[1 << FILTER_BITS - 6];

    private volatile TokenSplits splits;

    /// A vocabulary of the tokens `pool[offset[id], offset[id + 1])`; the pool has [#SLACK_BYTES] to spare.
    ///
    /// @throws IllegalArgumentException if a token is empty or there twice, or if one of the 256 bytes is missing
    Vocabulary(byte[] pool, int[] offset) {
        this.pool = pool;
        this.offset = offset;
        size = offset.length - 1;
        if (size > MOST_TOKENS) {
            throw new IllegalArgumentException(size + " tokens are more than the " + MOST_TOKENS + " that are supported");
        }
        int shorts = 0;
        int longest = 0;
        for (int id = 0; id < size; id++) {
            int length = offset[id + 1] - offset[id];
            if (length == 0) {
                throw new IllegalArgumentException("token " + id + " is empty; every token stands for at least one byte");
            }
            longest = Math.max(longest, length);
            shorts += length <= SHORT_BYTES ? 1 : 0;
        }
        longestBytes = longest;
        int shortBits = tableBits(shorts);
        int longBits = tableBits(size - shorts);
        shortTable = new long[2 << shortBits];
        shortShift = 64 - shortBits;
        longTable = new long[1 << longBits];
        longShift = 64 - longBits;
        Arrays.fill(byteId, NONE);
        Arrays.fill(pairId, NONE);
        for (int id = 0; id < size; id++) {
            insert(id);
        }
        for (int b = 0; b < 256; b++) {
            if (byteId[b] == NONE) {
                throw new IllegalArgumentException(String.format(
                        "byte 0x%02X has no token of its own, so not every text could be encoded; a byte-level vocabulary has all 256", b));
            }
        }
    }

    /// Room for at least two and a half times `count`.
    private static int tableBits(int count) {
        return Math.max(4, 64 - Long.numberOfLeadingZeros(count * 5L / 2));
    }

    private void insert(int id) {
        int from = offset[id];
        int length = offset[id + 1] - from;
        if (length <= SHORT_BYTES) {
            long word = (long) LONG.get(pool, from) & MASK[length];
            long hash = hash(word, length);
            filter[filterWord(hash)] |= filterBit(hash);
            int mask = shortTable.length - 1;
            int slot = shortSlot(hash);
            while (shortTable[slot + 1] != 0) {
                if (shortTable[slot] == word && shortTable[slot + 1] >>> 32 == length) {
                    throw twice(id, (int) shortTable[slot + 1] - 1);
                }
                slot = slot + 2 & mask;
            }
            shortTable[slot] = word;
            shortTable[slot + 1] = (long) length << 32 | id + 1;
            if (length == 1) {
                byteId[pool[from] & 0xFF] = id;
            } else if (length == 2) {
                pairId[(pool[from] & 0xFF) << 8 | pool[from + 1] & 0xFF] = id;
            }
        } else {
            long hash = hash(pool, from, length);
            filter[filterWord(hash)] |= filterBit(hash);
            int mask = longTable.length - 1;
            int slot = (int) (hash >>> longShift);
            long tag = hash << 32;
            while (longTable[slot] != 0) {
                int other = (int) longTable[slot] - 1;
                if ((longTable[slot] & 0xFFFFFFFF00000000L) == tag && same(pool, from, length, other)) {
                    throw twice(id, other);
                }
                slot = slot + 1 & mask;
            }
            longTable[slot] = tag | id + 1;
        }
    }

    private IllegalArgumentException twice(int id, int other) {
        return new IllegalArgumentException("token " + id + " has the same bytes as token " + other + ": "
                + HexFormat.of().formatHex(pool, offset[id], offset[id + 1]));
    }

    /// The id of `bytes[from, to)`, or [#NONE].
    int find(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length <= SHORT_BYTES) {
            long word = (long) LONG.get(bytes, from) & MASK[length];
            return findShort(word, length, hash(word, length));
        }
        return length <= longestBytes ? findLong(bytes, from, length, hash(bytes, from, length)) : NONE;
    }

    /// As [#find], faster where the answer is most often [#NONE].
    int findRare(byte[] bytes, int from, int to) {
        int length = to - from;
        if (length <= SHORT_BYTES) {
            long word = (long) LONG.get(bytes, from) & MASK[length];
            long hash = hash(word, length);
            return (filter[filterWord(hash)] & filterBit(hash)) == 0 ? NONE : findShort(word, length, hash);
        }
        if (length > longestBytes) {
            return NONE;
        }
        long hash = hash(bytes, from, length);
        return (filter[filterWord(hash)] & filterBit(hash)) == 0 ? NONE : findLong(bytes, from, length, hash);
    }

    private int findShort(long word, int length, long hash) {
        long[] table = shortTable;
        int mask = table.length - 1;
        int slot = shortSlot(hash);
        while (true) {
            long entry = table[slot + 1];
            if (entry == 0) {
                return NONE;
            }
            if (table[slot] == word && entry >>> 32 == length) {
                return (int) entry - 1;
            }
            slot = slot + 2 & mask;
        }
    }

    private int findLong(byte[] bytes, int from, int length, long hash) {
        int mask = longTable.length - 1;
        int slot = (int) (hash >>> longShift);
        long tag = hash << 32;
        while (true) {
            long entry = longTable[slot];
            if (entry == 0) {
                return NONE;
            }
            if ((entry & 0xFFFFFFFF00000000L) == tag && same(bytes, from, length, (int) entry - 1)) {
                return (int) entry - 1;
            }
            slot = slot + 1 & mask;
        }
    }

    /// Up to 8 bytes from `from` on as one little-endian word; 0 where `length` is not positive.
    static long word(byte[] bytes, int from, int length) {
        return length <= 0 ? 0 : (long) LONG.get(bytes, from) & MASK[Math.min(length, SHORT_BYTES)];
    }

    /// The id of one byte, which always exists.
    int ofByte(byte b) {
        return byteId[b & 0xFF];
    }

    /// The id of two bytes, or [#NONE].
    int ofPair(byte first, byte second) {
        return pairId[(first & 0xFF) << 8 | second & 0xFF];
    }

    /// The splits of the tokens, or null if nobody wanted them so far and `wanted` is false.
    TokenSplits splits(boolean wanted) {
        TokenSplits made = splits;
        return made != null || !wanted ? made : makeSplits();
    }

    private synchronized TokenSplits makeSplits() {
        if (splits == null) {
            splits = new TokenSplits(this);
        }
        return splits;
    }

    int length(int id) {
        return offset[id + 1] - offset[id];
    }

    byte[] bytes(int id) {
        return Arrays.copyOfRange(pool, offset[id], offset[id + 1]);
    }

    private int shortSlot(long hash) {
        return (int) (hash >>> shortShift) << 1;
    }

    private static int filterWord(long hash) {
        return (int) (hash >>> 64 - FILTER_BITS + 6);
    }

    private static long filterBit(long hash) {
        return 1L << (hash >>> 64 - FILTER_BITS);
    }

    private static long hash(long word, int length) {
        return (word + length) * MIX;
    }

    private static long hash(byte[] bytes, int from, int length) {
        long hash = length;
        int i = 0;
        for (; i + 8 <= length; i += 8) {
            hash = (hash ^ (long) LONG.get(bytes, from + i)) * MIX;
            hash ^= hash >>> 32;
        }
        return (hash ^ (long) LONG.get(bytes, from + i) & MASK[length - i]) * MIX;
    }

    private boolean same(byte[] bytes, int from, int length, int id) {
        int at = offset[id];
        if (offset[id + 1] - at != length) {
            return false;
        }
        int i = 0;
        for (; i + 8 <= length; i += 8) {
            if ((long) LONG.get(bytes, from + i) != (long) LONG.get(pool, at + i)) {
                return false;
            }
        }
        return (((long) LONG.get(bytes, from + i) ^ (long) LONG.get(pool, at + i)) & MASK[length - i]) == 0;
    }
}

package llams.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/// The ordinary tokens: bytes by id, and ids by bytes. An id is also the token's rank in merging.
///
/// Finding a token costs its place in one open-addressing table of 4 bytes a slot, and its head, which lies by id:
/// frequent tokens have low ids, so the heads that a text needs lie close together. Both matter, as most of the time of
/// encoding is waiting for memory. Readers may look [#SLACK_BYTES] past the end of what they look up.
final class Vocabulary {

    /// How many bytes a buffer must have after the last byte that is looked up in it.
    static final int SLACK_BYTES = 16;

    static final int NONE = -1;

    /// Bytes of a token's head, which is compared first: two words whose last byte is the token's length.
    static final int HEAD_BYTES = 15;

    private static final int ID_BITS = 20;
    private static final int ID_MASK = (1 << ID_BITS) - 1;
    private static final int MOST_TOKENS = ID_MASK;

    private static final VarHandle LONG = MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final long MIX = 0x9E3779B97F4A7C15L;
    private static final long MIX_HIGH = 0xD6E8FEB86659FD93L;
    private static final int FILTER_BITS = 20;

    /// Keep the bytes of a head of `n` bytes, in its low word and in its high one; 16 stands for all longer ones.
    private static final long[] LOW_MASK = new long[HEAD_BYTES + 2];
    private static final long[] HIGH_MASK = new long[HEAD_BYTES + 2];

    static {
        for (int n = 1; n < LOW_MASK.length; n++) {
            LOW_MASK[n] = -1L >>> Math.max(0, 64 - 8 * n);
            HIGH_MASK[n] = n <= 8 ? 0 : -1L >>> 64 - 8 * Math.min(n - 8, 7);
        }
    }

    /// The number of tokens; ids are `0 .. size - 1`.
    final int size;

    /// The length of the longest token, in bytes.
    final int longestBytes;

    /// All tokens, one after the other, and [#SLACK_BYTES] more.
    final byte[] pool;

    /// `[size + 1]`: where each token starts in `pool`.
    final int[] offset;

    /// `[256]`: the ids of the single bytes.
    private final int[] byteId = new int[256];

    /// `[65536]`: the ids of two bytes, first byte high, or [#NONE].
    private final int[] pairId = new int[1 << 16];

    /// `[size, 2]`: see [#low] and [#high].
    private final long[] heads;

    /// `id + 1` below, some bits of the hash above; 0 is free.
    private final int[] table;
    private final int shift;

    /// One bit for each possible value of a hash's top [#FILTER_BITS] bits, set if a token has it. Merging asks for far
    /// more unions than there are tokens; this answers most of them from 128 KB, without a trip to the table.
    private final long[] filter = new long[1 << FILTER_BITS - 6];

    private volatile TokenSplits splits;

    /// A vocabulary of the tokens in the order of their ids.
    ///
    /// @throws IllegalArgumentException if a token is empty or there twice, or if one of the 256 bytes is missing
    static Vocabulary of(List<byte[]> tokens) {
        int[] offset = new int[tokens.size() + 1];
        for (int i = 0; i < tokens.size(); i++) {
            offset[i + 1] = Math.addExact(offset[i], tokens.get(i).length);
        }
        byte[] pool = new byte[offset[tokens.size()] + SLACK_BYTES];
        for (int i = 0; i < tokens.size(); i++) {
            System.arraycopy(tokens.get(i), 0, pool, offset[i], tokens.get(i).length);
        }
        return new Vocabulary(pool, offset);
    }

    /// A vocabulary of the tokens `pool[offset[id], offset[id + 1])`; the pool has [#SLACK_BYTES] to spare.
    ///
    /// @throws IllegalArgumentException if a token is empty or there twice, or if one of the 256 bytes is missing
    Vocabulary(byte[] pool, int[] offset) {
        this.pool = pool;
        this.offset = offset;
        size = offset.length - 1;
        if (size > MOST_TOKENS) {
            throw new IllegalArgumentException(
                    size + " tokens are more than the " + MOST_TOKENS + " that are supported");
        }
        int longest = 0;
        for (int id = 0; id < size; id++) {
            int length = offset[id + 1] - offset[id];
            if (length == 0) {
                throw new IllegalArgumentException(
                        "token " + id + " is empty; every token stands for at least one byte");
            }
            longest = Math.max(longest, length);
        }
        longestBytes = longest;
        heads = new long[2 * size];
        int tableBits = Math.max(4, 32 - Integer.numberOfLeadingZeros(2 * size - 1));
        table = new int[1 << tableBits];
        shift = 64 - tableBits;
        Arrays.fill(byteId, NONE);
        Arrays.fill(pairId, NONE);
        for (int id = 0; id < size; id++) {
            insert(id);
        }
        for (int b = 0; b < 256; b++) {
            if (byteId[b] == NONE) {
                throw new IllegalArgumentException(String
                        .format("byte 0x%02X has no token of its own, so not every text could be encoded; a byte-level"
                                + " vocabulary has all 256", b));
            }
        }
    }

    private void insert(int id) {
        int from = offset[id];
        int to = offset[id + 1];
        long low = low(pool, from, to - from);
        long high = high(pool, from, to - from);
        long hash = hash(pool, from, to, low, high);
        int other = find(pool, from, to, low, high, hash);
        if (other != NONE) {
            throw new IllegalArgumentException("token " + id + " has the same bytes as token " + other + ": "
                    + HexFormat.of().formatHex(pool, from, to));
        }
        heads[2 * id] = low;
        heads[2 * id + 1] = high;
        filter[filterWord(hash)] |= filterBit(hash);
        int slot = (int) (hash >>> shift);
        while (table[slot] != 0) {
            slot = slot + 1 & table.length - 1;
        }
        table[slot] = tag(hash) | id + 1;
        if (to - from == 1) {
            byteId[pool[from] & 0xFF] = id;
        } else if (to - from == 2) {
            pairId[(pool[from] & 0xFF) << 8 | pool[from + 1] & 0xFF] = id;
        }
    }

    /// The id of `bytes[from, to)`, or [#NONE].
    int find(byte[] bytes, int from, int to) {
        long low = low(bytes, from, to - from);
        long high = high(bytes, from, to - from);
        return find(bytes, from, to, low, high, hash(bytes, from, to, low, high));
    }

    /// As [#find(byte[],int,int)], with the [#hash] of the bytes.
    int find(byte[] bytes, int from, int to, long hash) {
        return find(bytes, from, to, low(bytes, from, to - from), high(bytes, from, to - from), hash);
    }

    /// As [#find(byte[],int,int)], faster where the answer is most often [#NONE].
    int findRare(byte[] bytes, int from, int to) {
        long low = low(bytes, from, to - from);
        long high = high(bytes, from, to - from);
        long hash = hash(bytes, from, to, low, high);
        return (filter[filterWord(hash)] & filterBit(hash)) == 0 ? NONE : find(bytes, from, to, low, high, hash);
    }

    private int find(byte[] bytes, int from, int to, long low, long high, long hash) {
        int[] table = this.table;
        long[] heads = this.heads;
        int tag = tag(hash);
        int slot = (int) (hash >>> shift);
        while (true) {
            int entry = table[slot];
            if (entry == 0) {
                return NONE;
            }
            if ((entry & ~ID_MASK) == tag) {
                int id = (entry & ID_MASK) - 1;
                if (heads[2 * id] == low && heads[2 * id + 1] == high
                        && (to - from <= HEAD_BYTES || is(id, bytes, from, to))) {
                    return id;
                }
            }
            slot = slot + 1 & table.length - 1;
        }
    }

    /// Whether `bytes[from, to)` are this token's.
    boolean is(int id, byte[] bytes, int from, int to) {
        return Arrays.equals(bytes, from, to, pool, offset[id], offset[id + 1]);
    }

    /// What the table holds where a look-up of this hash begins. Asking for many pieces before looking any up lets the
    /// processor fetch them all at once.
    int touch(long hash) {
        return table[(int) (hash >>> shift)];
    }

    /// The first 8 of `bytes[from, from + length)`, 0 where there are fewer.
    static long low(byte[] bytes, int from, int length) {
        return (long) LONG.get(bytes, from) & LOW_MASK[Math.min(length, HEAD_BYTES + 1)];
    }

    /// The next 7 of `bytes[from, from + length)`, 0 where there are fewer, and the length above; 16 stands for all
    /// longer ones.
    static long high(byte[] bytes, int from, int length) {
        int known = Math.min(length, HEAD_BYTES + 1);
        return (long) LONG.get(bytes, from + 8) & HIGH_MASK[known] | (long) known << 56;
    }

    /// The hash of `bytes[from, to)`; its high bits are the good ones.
    static long hash(byte[] bytes, int from, int to) {
        return hash(bytes, from, to, low(bytes, from, to - from), high(bytes, from, to - from));
    }

    private static long hash(byte[] bytes, int from, int to, long low, long high) {
        long hash = low * MIX + high * MIX_HIGH;
        if (to - from <= HEAD_BYTES) {
            return hash;
        }
        int at = from + HEAD_BYTES;
        for (; at + 8 < to; at += 8) {
            hash = (hash ^ hash >>> 32 ^ (long) LONG.get(bytes, at)) * MIX;
        }
        return (hash ^ hash >>> 32 ^ (long) LONG.get(bytes, at) & LOW_MASK[to - at]) * MIX;
    }

    /// The first 4 bytes from `from` on.
    static int start(byte[] bytes, int from) {
        return (int) (long) LONG.get(bytes, from);
    }

    /// The id of one byte, which always exists.
    int ofByte(byte b) {
        return byteId[b & 0xFF];
    }

    /// The id of two bytes, or [#NONE].
    int ofPair(byte first, byte second) {
        return pairId[(first & 0xFF) << 8 | second & 0xFF];
    }

    /// What [LinearMerger] needs to know; made when it is first asked for.
    TokenSplits splits() {
        TokenSplits made = splits;
        return made != null ? made : makeSplits();
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

    /// All tokens in the order of their ids.
    List<byte[]> tokens() {
        List<byte[]> tokens = new ArrayList<>(size);
        for (int id = 0; id < size; id++) {
            tokens.add(bytes(id));
        }
        return tokens;
    }

    byte[] bytes(int id) {
        return Arrays.copyOfRange(pool, offset[id], offset[id + 1]);
    }

    private static int tag(long hash) {
        return (int) (hash >>> 4) & ~ID_MASK;
    }

    private static int filterWord(long hash) {
        return (int) (hash >>> 64 - FILTER_BITS + 6);
    }

    private static long filterBit(long hash) {
        return 1L << (hash >>> 64 - FILTER_BITS);
    }
}

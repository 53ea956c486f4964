package llams.trainer.parquet;

import java.nio.ByteBuffer;

/// Small numbers of a fixed number of bits, in runs of one number or of packed ones. Levels and numbers of dictionary
/// entries are such.
final class HybridInts {
    private final ByteBuffer in;
    private final int bits;
    private long left;
    private boolean isPacked;
    /// Of a run of one number.
    private int value;
    /// Of a packed run: the next number's first bit.
    private long bit;

    /// @param in   from its position to its end
    /// @param bits of a number, 0 to 32
    HybridInts(ByteBuffer in, int bits) {
        Damage.check(bits >= 0 && bits <= 32, "numbers of " + bits + " bits");
        this.in = in;
        this.bits = bits;
    }

    /// How many bits the numbers up to `most` have.
    static int bitsOf(int most) {
        return Integer.SIZE - Integer.numberOfLeadingZeros(most);
    }

    int next() {
        if (bits == 0) {
            return 0;
        }
        while (left == 0) {
            begin();
        }
        left--;
        if (!isPacked) {
            return value;
        }
        bit += bits;
        return (int) bits(in, bit - bits, bits);
    }

    private void begin() {
        long head = Thrift.varint(in);
        isPacked = (head & 1) == 1;
        if (!isPacked) {
            left = head >>> 1;
            value = 0;
            for (int shift = 0; shift < bits; shift += 8) {
                value |= (in.get() & 0xFF) << shift;
            }
            return;
        }
        long groups = head >>> 1;
        Damage.check(groups <= Integer.MAX_VALUE, "a run that is too long");
        // The last run may lack the bytes that would only fill it up.
        long bytes = Math.min(in.remaining(), groups * bits);
        left = Math.min(groups * 8, bytes * 8 / bits);
        Damage.check(left > 0, "a run without numbers");
        bit = in.position() * 8L;
        in.position(in.position() + (int) bytes);
    }

    /// The number of at most 64 bits that begins at a bit, counted from the lowest of each byte.
    static long bits(ByteBuffer in, long bit, int bits) {
        long value = 0;
        int have = 0;
        while (have < bits) {
            int inByte = (int) (bit + have & 7);
            long part = (in.get((int) (bit + have >>> 3)) & 0xFF) >>> inByte;
            value |= part << have;
            have += 8 - inByte;
        }
        return bits == 64 ? value : value & (1L << bits) - 1;
    }
}

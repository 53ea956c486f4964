package llams.trainer.parquet;

import java.nio.ByteBuffer;

/// Numbers as differences from the one before: blocks, each with its least difference and parts whose numbers have as
/// many bits as the largest needs.
final class Deltas {
    private static final int MOST_IN_BLOCK = 1 << 20;

    private final ByteBuffer in;
    private final int partsOfBlock;
    private final int sizeOfPart;
    final int size;
    private int given;
    private long value;
    private long least;
    private final byte[] bits;
    private int part;
    private int inPart;
    private long bit;

    /// @param in   from its position on; behind the numbers when all have been read
    /// @param most numbers that there can be
    Deltas(ByteBuffer in, int most) {
        this.in = in;
        long sizeOfBlock = Thrift.varint(in);
        long parts = Thrift.varint(in);
        long all = Thrift.varint(in);
        Damage.check(
                parts > 0 && sizeOfBlock > 0 && sizeOfBlock <= MOST_IN_BLOCK && parts <= sizeOfBlock
                        && sizeOfBlock % parts == 0 && sizeOfBlock / parts % 8 == 0,
                "blocks of " + sizeOfBlock + " numbers");
        Damage.check(all <= most, all + " numbers for " + most + " values");
        partsOfBlock = (int) parts;
        sizeOfPart = (int) (sizeOfBlock / parts);
        size = (int) all;
        value = Thrift.zigzag(in);
        bits = new byte[partsOfBlock];
        part = partsOfBlock - 1;
        inPart = sizeOfPart;
    }

    long next() {
        Damage.check(given < size, "fewer numbers than values");
        if (given++ > 0) {
            if (inPart == sizeOfPart) {
                begin();
            }
            value += least + HybridInts.bits(in, bit, bits[part]);
            bit += bits[part];
            inPart++;
        }
        return value;
    }

    private void begin() {
        if (++part == partsOfBlock) {
            part = 0;
            least = Thrift.zigzag(in);
            in.get(bits);
        }
        Damage.check(bits[part] >= 0 && bits[part] <= 64, "numbers of " + bits[part] + " bits");
        inPart = 0;
        bit = in.position() * 8L;
        in.position(in.position() + sizeOfPart / 8 * bits[part]);
    }

    /// All of them as lengths.
    int[] lengths() {
        int[] lengths = new int[size];
        for (int i = 0; i < size; i++) {
            long length = next();
            Damage.check(length >= 0 && length <= in.capacity(), "a length of " + length);
            lengths[i] = (int) length;
        }
        return lengths;
    }
}

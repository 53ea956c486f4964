package llams.trainer.wiki;

import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;

/// Reads bzip2: one stream or several behind one another, as MediaWiki's multistream dumps are. Every block's checksum and
/// every stream's is compared; each failure is an error that names the file and the byte.
///
/// A block is read back in the opposite order of its making: Huffman codes, runs of zeros and move-to-front, the
/// Burrows-Wheeler transform, and runs of equal bytes.
final class Bzip2InputStream extends InputStream {
    private static final long BLOCK = 0x314159265359L;
    private static final long END_OF_STREAM = 0x177245385090L;
    private static final int UNIT = 100_000;
    private static final int GROUP = 50;
    /// How many equal bytes are followed by a count of more.
    private static final int RUN = 4;
    private static final int[] CRC = crcTable();

    private final BitReader in;

    /// The inverse transform: the place of the next byte above eight bits of the byte itself.
    private int[] next = new int[0];
    private int most;
    private int streamCrc;
    private boolean ended;

    /// A block that is whole, as its checksum tells, from `at` to `end` still to be read.
    private byte[] block = new byte[0];
    private int at;
    private int end;

    private final HuffmanCode[] codes = new HuffmanCode[6];
    private final byte[] selectors = new byte[1 << 15];
    private final int[] frequencies = new int[257];

    /// @param name how messages call the source
    /// @throws IOException if it does not start as bzip2 does
    Bzip2InputStream(InputStream in, String name) throws IOException {
        this.in = new BitReader(in, name);
        startStream();
    }

    @Override
    public int read() throws IOException {
        byte[] one = new byte[1];
        return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
    }

    @Override
    public int read(byte[] to, int from, int count) throws IOException {
        while (at == end && !ended) {
            nextBlock();
        }
        int now = Math.min(count, end - at);
        System.arraycopy(block, at, to, from, now);
        at += now;
        return now == 0 && count > 0 ? -1 : now;
    }

    @Override
    public void close() throws IOException {
        in.close();
    }

    private void startStream() throws IOException {
        int b = in.bits(8);
        int z = in.bits(8);
        int h = in.bits(8);
        int level = in.bits(8) - '0';
        if (b != 'B' || z != 'Z' || h != 'h' || level < 1 || level > 9) {
            throw in.failure("no bzip2 stream begins here");
        }
        most = level * UNIT;
        if (next.length < most) {
            next = new int[most];
        }
        streamCrc = 0;
    }

    /// Fills [#block]; after the last stream's last, [#ended] is set.
    private void nextBlock() throws IOException {
        while (true) {
            long magic = (long) in.bits(24) << 24 | in.bits(24);
            if (magic == BLOCK) {
                break;
            }
            if (magic != END_OF_STREAM) {
                throw in.failure("neither a block nor the end of the stream: the file is damaged");
            }
            if (in.bits32() != streamCrc) {
                throw in.failure("the stream's checksum is wrong: the file is damaged");
            }
            if (in.alignedAtEnd()) {
                ended = true;
                return;
            }
            startStream();
        }
        int crc = in.bits32();
        if (in.bits(1) != 0) {
            throw in.failure("a randomized block, as bzip2 wrote before version 0.9.5; pack the file again with a newer one");
        }
        int origin = in.bits(24);
        int count = readSymbols();
        if (origin >= count) {
            throw in.failure("a block's origin " + origin + " is not among its " + count + " bytes: the file is damaged");
        }
        invert(count);
        readRuns(next[origin] >>> 8, count);
        if (crc() != crc) {
            throw in.failure("the checksum of the block before is wrong: the file is damaged");
        }
        streamCrc = (streamCrc << 1 | streamCrc >>> 31) ^ crc;
    }

    /// Huffman codes, runs and move-to-front; the block's bytes are left in the low eight bits of [#next], counted in
    /// [#frequencies] one place up.
    private int readSymbols() throws IOException {
        byte[] front = new byte[256];
        int used = usedBytes(front);
        int symbols = used + 2;
        int tables = in.bits(3);
        int groups = in.bits(15);
        if (tables < 2 || tables > codes.length || groups < 1) {
            throw in.failure("a block with " + tables + " tables and " + groups + " groups: the file is damaged");
        }
        readSelectors(tables, groups);
        for (int t = 0; t < tables; t++) {
            codes[t] = readCode(symbols);
        }
        Arrays.fill(frequencies, 0);
        int count = 0;
        int run = 0;
        int runUnit = 1;
        for (int group = 0; group < groups; group++) {
            HuffmanCode code = codes[selectors[group]];
            for (int i = 0; i < GROUP; i++) {
                int symbol = in.symbol(code);
                if (symbol <= 1) {
                    // A run's length in digits 1 and 2, the smallest first.
                    if (runUnit > most) {
                        throw in.failure("a run longer than its block: the file is damaged");
                    }
                    run += runUnit << symbol;
                    runUnit <<= 1;
                    continue;
                }
                if (run > most - count || symbol < symbols - 1 && count + run == most) {
                    throw in.failure("more than " + most + " bytes in a block: the file is damaged");
                }
                if (run > 0) {
                    int repeated = front[0] & 0xff;
                    Arrays.fill(next, count, count + run, repeated);
                    frequencies[repeated + 1] += run;
                    count += run;
                    run = 0;
                    runUnit = 1;
                }
                if (symbol == symbols - 1) {
                    return count;
                }
                byte moved = front[symbol - 1];
                System.arraycopy(front, 0, front, 1, symbol - 1);
                front[0] = moved;
                next[count++] = moved & 0xff;
                frequencies[(moved & 0xff) + 1]++;
            }
        }
        throw in.failure("a block without an end: the file is damaged");
    }

    private int usedBytes(byte[] front) throws IOException {
        int rows = in.bits(16);
        int used = 0;
        for (int row = 0; row < 16; row++) {
            if ((rows >> 15 - row & 1) != 0) {
                int columns = in.bits(16);
                for (int column = 0; column < 16; column++) {
                    if ((columns >> 15 - column & 1) != 0) {
                        front[used++] = (byte) (16 * row + column);
                    }
                }
            }
        }
        if (used == 0) {
            throw in.failure("a block without bytes: the file is damaged");
        }
        return used;
    }

    private void readSelectors(int tables, int groups) throws IOException {
        byte[] front = {0, 1, 2, 3, 4, 5};
        for (int group = 0; group < groups; group++) {
            int index = 0;
            while (in.bits(1) != 0) {
                index++;
                if (index == tables) {
                    throw in.failure("a table that is not there: the file is damaged");
                }
            }
            byte moved = front[index];
            System.arraycopy(front, 0, front, 1, index);
            front[0] = moved;
            selectors[group] = moved;
        }
    }

    private HuffmanCode readCode(int symbols) throws IOException {
        byte[] lengths = new byte[symbols];
        int length = in.bits(5);
        for (int symbol = 0; symbol < symbols; symbol++) {
            while (in.bits(1) != 0) {
                length += in.bits(1) == 0 ? 1 : -1;
            }
            if (length < 1 || length > HuffmanCode.LONGEST) {
                throw in.failure("a code of " + length + " bits: the file is damaged");
            }
            lengths[symbol] = (byte) length;
        }
        return HuffmanCode.of(lengths);
    }

    /// The Burrows-Wheeler transform's inverse: row by row, where the byte that follows stands.
    private void invert(int count) {
        for (int b = 0; b < 256; b++) {
            frequencies[b + 1] += frequencies[b];
        }
        for (int i = 0; i < count; i++) {
            next[frequencies[next[i] & 0xff]++] |= i << 8;
        }
    }

    /// Follows the transform from its first byte; after four equal ones comes the number of more.
    private void readRuns(int first, int count) {
        at = 0;
        end = 0;
        int place = first;
        int previous = -1;
        int equal = 0;
        for (int i = 0; i < count; i++) {
            if (block.length - end < 256) {
                block = Arrays.copyOf(block, Math.max(2 * block.length, most + 256));
            }
            int entry = next[place];
            place = entry >>> 8;
            int value = entry & 0xff;
            if (equal == RUN) {
                Arrays.fill(block, end, end + value, (byte) previous);
                end += value;
                equal = 0;
            } else {
                equal = value == previous ? equal + 1 : 1;
                previous = value;
                block[end++] = (byte) value;
            }
        }
    }

    private int crc() {
        int crc = -1;
        for (int i = 0; i < end; i++) {
            crc = crc << 8 ^ CRC[(crc >>> 24 ^ block[i]) & 0xff];
        }
        return ~crc;
    }

    private static int[] crcTable() {
        int[] table = new int[256];
        for (int b = 0; b < 256; b++) {
            int value = b << 24;
            for (int i = 0; i < 8; i++) {
                value = value << 1 ^ (value >> 31 & 0x04c11db7);
            }
            table[b] = value;
        }
        return table;
    }
}

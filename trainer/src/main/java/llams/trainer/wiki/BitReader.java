package llams.trainer.wiki;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;

/// Bits of a stream, the highest of each byte first.
final class BitReader implements Closeable {
    private final InputStream in;
    private final String name;
    private final byte[] buffer = new byte[1 << 16];
    private int at;
    private int end;
    private long bytesBefore;
    private long bits;
    private int bitCount;
    /// Of the bits held, those behind the stream's end: zeros, so that a code can be looked for there.
    private int missing;

    /// @param name how messages call the source
    BitReader(InputStream in, String name) {
        this.in = in;
        this.name = name;
    }

    /// The next bits, at most 24.
    ///
    /// @throws IOException if there are not so many
    int bits(int count) throws IOException {
        need(count);
        if (count > bitCount - missing) {
            throw cut();
        }
        bitCount -= count;
        return (int) (bits >>> bitCount) & (1 << count) - 1;
    }

    int bits32() throws IOException {
        return bits(16) << 16 | bits(16);
    }

    /// The symbol whose code comes next.
    int symbol(HuffmanCode code) throws IOException {
        need(HuffmanCode.LONGEST);
        int found = code.find((int) (bits << Long.SIZE - bitCount >>> Long.SIZE - HuffmanCode.LONGEST));
        int length = found & HuffmanCode.LENGTH;
        if (length == 0 || length > bitCount - missing) {
            throw missing > 0 ? cut() : failure("a code that stands for nothing: the file is damaged");
        }
        bitCount -= length;
        return found >>> HuffmanCode.SHIFT;
    }

    /// Goes on to the next whole byte and tells whether there is none.
    boolean alignedAtEnd() throws IOException {
        bitCount -= bitCount & 7;
        return bitCount == missing && at == end && !fill();
    }

    private void need(int count) throws IOException {
        while (bitCount < count) {
            bits <<= 8;
            if (at == end && !fill()) {
                missing += 8;
            } else {
                bits |= buffer[at++] & 0xff;
            }
            bitCount += 8;
        }
    }

    private boolean fill() throws IOException {
        bytesBefore += end;
        at = 0;
        end = Math.max(0, in.read(buffer));
        return end > 0;
    }

    /// No `EOFException`: the JDK's XML reader takes that for an end in order.
    private IOException cut() {
        return new IOException(name + ": ends in the middle of a bzip2 stream, at byte " + (bytesBefore + end)
                + "; the file is probably cut short");
    }

    IOException failure(String what) {
        return new IOException(name + ": byte " + (bytesBefore + at - bitCount / Byte.SIZE) + ": " + what);
    }

    @Override
    public void close() throws IOException {
        in.close();
    }
}

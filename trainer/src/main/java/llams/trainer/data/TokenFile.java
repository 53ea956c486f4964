package llams.trainer.data;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.stream.IntStream;
import java.util.zip.CRC32C;
import llams.model.files.DataException;

/// The documents of one data file as ids on the disk, mapped into memory. Little-endian:
///
/// | part | content |
/// |---|---|
/// | tokens | an int for each: its id, with the sign bit set if the loss does not count it. Where labels are other ids, they follow as ints of their own |
/// | documents | [#RECORD_BYTES] for each: number of its first int, tokens, counted tokens, line, index in the line or -1, [#CUT] and [#LABELS] |
/// | summary | JSON: the rest of a [FileContent] |
/// | sums | CRC-32C of every [#BLOCK_BYTES] of the tokens, of the documents, of the summary |
/// | end | ints in tokens, documents, bytes of the summary; CRC-32C of the sums and these; [#MAGIC] |
final class TokenFile extends Documents {
    static final ValueLayout.OfInt INT = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong LONG = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final int RECORD_BYTES = 32;
    static final int BLOCK_BYTES = 1 << 20;
    static final int END_BYTES = 36;
    static final long MAGIC = 0x31_6E656B6F74_6CL; // "ltoken1"
    static final int CUT = 1;
    static final int LABELS = 2;
    static final int UNCOUNTED = 1 << 31;
    /// Of a larger file, a block is checked when it is first used.
    private static final long CHECKED_AT_ONCE_BYTES = 4L << 30;

    private final Path file;
    private final MemorySegment bytes;
    private final long ints;
    private final int documents;
    private final int summaryBytes;
    /// Blocks that have been found whole. Checking one twice, for two threads, does no harm.
    private final boolean[] checked;
    /// How messages call the data file, whose lines these are.
    private String name = "";

    /// @throws DataException if it is damaged
    TokenFile(Path file) throws IOException {
        this.file = file;
        try (FileChannel channel = FileChannel.open(file)) {
            bytes = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), Arena.ofAuto());
        }
        long end = bytes.byteSize() - END_BYTES;
        check(end >= 0 && bytes.get(LONG, end + 28) == MAGIC, "has no end");
        ints = bytes.get(LONG, end);
        long count = bytes.get(LONG, end + 8);
        long summary = bytes.get(LONG, end + 16);
        long blocks = Math.ceilDiv(ints * Integer.BYTES, (long) BLOCK_BYTES);
        check(ints >= 0 && ints <= end / Integer.BYTES && count >= 0 && count <= end / RECORD_BYTES && summary >= 0
                && summary <= end
                && end == ints * Integer.BYTES + count * RECORD_BYTES + summary + (blocks + 2) * Integer.BYTES,
                "has another length than its end says");
        documents = (int) count;
        summaryBytes = (int) summary;
        checked = new boolean[(int) blocks];
        long sums = sums();
        check(crc(sums, end + 24 - sums) == bytes.get(INT, end + 24), "is damaged at its end");
        check(crc(table(), count * RECORD_BYTES) == bytes.get(INT, sums + blocks * Integer.BYTES),
                "is damaged in its list of documents");
        check(crc(table() + count * RECORD_BYTES, summary) == bytes.get(INT, sums + (blocks + 1) * Integer.BYTES),
                "is damaged in its summary");
        if (ints * Integer.BYTES <= CHECKED_AT_ONCE_BYTES) {
            IntStream.range(0, checked.length).parallel().forEach(this::checkBlock);
        }
    }

    private void check(boolean holds, String wrong) {
        if (!holds) {
            throw new DataException(file + " " + wrong);
        }
    }

    private long table() {
        return ints * Integer.BYTES;
    }

    private long sums() {
        return table() + (long) documents * RECORD_BYTES + summaryBytes;
    }

    private int crc(long from, long length) {
        CRC32C crc = new CRC32C();
        for (long at = 0; at < length; at += BLOCK_BYTES) {
            crc.update(bytes.asSlice(from + at, Math.min(BLOCK_BYTES, length - at)).asByteBuffer());
        }
        return (int) crc.getValue();
    }

    private void checkBlock(int block) {
        long from = (long) block * BLOCK_BYTES;
        check(crc(from, Math.min(BLOCK_BYTES, table() - from)) == bytes.get(INT, sums() + 4L * block),
                "is damaged between bytes " + from + " and " + (from + BLOCK_BYTES));
        checked[block] = true;
    }

    /// Makes sure that ints are what was written.
    ///
    /// @throws DataException if not; then the file is deleted, so that the next run writes it again
    private void use(long first, long count) {
        int last = (int) ((first + count) * Integer.BYTES - 1 >> 20);
        for (int block = (int) (first * Integer.BYTES >> 20); block <= last; block++) {
            if (!checked[block]) {
                try {
                    checkBlock(block);
                } catch (DataException e) {
                    TokenCache.delete(file, e);
                    throw new DataException(e.getMessage() + "; start again, and it is written anew", e);
                }
            }
        }
    }

    String summary() {
        byte[] text = bytes.asSlice(sums() - summaryBytes, summaryBytes).toArray(ValueLayout.JAVA_BYTE);
        return new String(text, StandardCharsets.UTF_8);
    }

    /// The documents, as those of a data file of this name.
    TokenFile named(String dataFile) {
        name = dataFile;
        return this;
    }

    long ints() {
        return ints;
    }

    private long document(int d) {
        return table() + (long) d * RECORD_BYTES;
    }

    @Override
    public int size() {
        return documents;
    }

    @Override
    public int tokens(int d) {
        return bytes.get(INT, document(d) + 8);
    }

    @Override
    public boolean cut(int d) {
        return (flags(d) & CUT) != 0;
    }

    private int flags(int d) {
        return bytes.get(INT, document(d) + 28);
    }

    @Override
    public int counted(int d, int tokens) {
        if (tokens == tokens(d)) {
            return bytes.get(INT, document(d) + 12);
        }
        int[] labels = new int[tokens];
        labels(d, 0, tokens, labels, 0);
        return (int) IntStream.range(1, tokens).filter(i -> labels[i] != Document.IGNORED).count();
    }

    @Override
    public String origin(int d) {
        int index = bytes.get(INT, document(d) + 24);
        return name + ":" + bytes.get(LONG, document(d) + 16) + (index < 0 ? "" : "[" + index + "]");
    }

    @Override
    boolean isOfSameRow(int d) {
        return bytes.get(LONG, document(d) + 16) == bytes.get(LONG, document(d - 1) + 16)
                && bytes.get(INT, document(d) + 24) == bytes.get(INT, document(d - 1) + 24);
    }

    @Override
    public void ids(int d, int from, int length, int[] to, int at) {
        copy(bytes.get(LONG, document(d)) + from, length, to, at);
        for (int i = at; i < at + length; i++) {
            to[i] &= ~UNCOUNTED;
        }
    }

    @Override
    public void labels(int d, int from, int length, int[] to, int at) {
        boolean own = (flags(d) & LABELS) != 0;
        copy(bytes.get(LONG, document(d)) + (own ? tokens(d) : 0) + from, length, to, at);
        for (int i = at; i < at + length; i++) {
            to[i] = to[i] < 0 ? Document.IGNORED : to[i];
        }
    }

    private void copy(long first, int length, int[] to, int at) {
        if (length > 0) {
            use(first, length);
            MemorySegment.copy(bytes, INT, first * Integer.BYTES, to, at, length);
        }
    }
}
